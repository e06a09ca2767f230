from typing import get_args

import pytest
from pydantic import BaseModel

from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.overrides import parse_override
from mbconv_cli.spec.rows import ROW_TYPES
from mbconv_cli.spec.spec import Classifier, Head, Input, Norm, Scaling, Spec
from mbconv_cli.spec.synonyms import KEYS, NOT_EXPRESSIBLE, VALUES, suggestion
from mbconv_cli.spec.values import Activation


def test_every_synonym_names_a_key_that_there_is() -> None:
    sections: dict[str, type[BaseModel]] = {
        "scaling": Scaling,
        "input": Input,
        "classifier": Classifier,
        "head": Head,
        "norm": Norm,
    }
    of_rows = {key for model in ROW_TYPES.values() for key in model.model_fields}
    for meant in KEYS.values():
        section, _, key = meant.rpartition(".")
        assert key in (sections[section].model_fields if section else of_rows | set(Spec.model_fields))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "blocks: [{kernel_size: 3, expand_ratio: 6, num_experts: 4}]",
            "here it is called 'experts'",
        ),
        ("activation: softplus", "got 'softplus'; the activation softplus cannot be expressed here$"),
        ("activation: LeakyReLU", "here it is called 'leaky_relu'"),
        ("activation: SELU", "got 'SELU'; the activation selu cannot be expressed here$"),
        ("activation: silu", "here it is called 'swish'"),
        ("width_coefficient: 1.1", "here it is called 'scaling.width'"),
        ("depth_multiplier: 1.1", "here it is called 'scaling.depth'"),
        ("resolution: 224", "here it is called 'input.resolution'"),
        ("blocks: [{type: uib, expand_ratio: 6}]", "here it is called 'universal_inverted_bottleneck'"),
        ("blocks: [{type: inverted_residual, expand_ratio: 6}]", "here it is called 'mbconv'"),
        ("blocks: [{kernel_size: 3, exp_size: 16, output_filters: 8}]", "here it is called 'expanded_filters'"),
        ("blocks: [{kernel_size: 3, expand_ratio: 6, out_channels: 8}]", "here it is called 'output_filters'"),
    ],
)
def test_another_librarys_word_is_answered_with_ours(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_text(f"input: {{resolution: 32}}\nstem: {{output_filters: 8}}\n{text}\n", "f.yaml")


def test_our_own_words_are_no_synonyms() -> None:
    assert suggestion("relu", ("relu", "relu6"), VALUES) == "; did you mean 'relu' or 'relu6'?"


def test_a_what_if_with_an_activation_that_is_not_here_suggests_none_that_is_spelled_alike() -> None:
    what_if = [parse_override("activation=softplus")]
    with pytest.raises(InputError, match=r"got 'softplus'; the activation softplus cannot be expressed here$"):
        load_text("input: {resolution: 32}\nstem: {output_filters: 8}\n", "f.yaml", overrides=what_if)


def test_an_activation_that_is_here_is_expressible() -> None:
    assert not set(NOT_EXPRESSIBLE) & set(get_args(Activation))
