from __future__ import annotations

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import LoadedSpec, load_text
from mbconv_cli.spec.overrides import parse_override, reach
from mbconv_cli.spec.row_keys import Row

TEXT = """\
input: {resolution: 32}
stem: {output_filters: 8}
blocks:
  - &row {kernel_size: 5, expand_ratio: 6, output_filters: 8, se_ratio: 0.25, id_skip: true}
  - *row
  - {type: depthwise_separable, kernel_size: 3, output_filters: 16}
expect: {params: 1, macs: 1, source: nobody}
"""


def changed(*overrides: str, text: str = TEXT) -> LoadedSpec:
    return load_text(text, "net.yaml", overrides=[parse_override(override) for override in overrides])


def values(loaded: LoadedSpec, key: str) -> list[object]:
    """What each row says under a key."""
    return [row.model_dump()[key] for row in loaded.spec.blocks]


def complaints(*overrides: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        changed(*overrides)
    return raised.value.sentences


def test_sets_keys_sections_and_rows() -> None:
    loaded = changed("activation=swish", "scaling.width=0.5", "blocks[*].kernel_size=7", "blocks[1:].activation=none")
    assert loaded.spec.activation == "swish"
    assert loaded.spec.scaling.width == 0.5
    assert values(loaded, "kernel_size") == [(7,), (7,), (7,)]
    assert values(loaded, "activation") == [None, "none", "none"]


def test_a_wildcard_sets_the_rows_that_have_the_key() -> None:
    loaded = changed("blocks[*].expand_ratio=3")
    assert [row.model_dump().get("expand_ratio") for row in loaded.spec.blocks] == [3, 3, None]
    assert (
        reach(parse_override("blocks[*].expand_ratio=3"), loaded.document) == "blocks[*].expand_ratio=3 (2 of 3 rows)"
    )
    assert reach(parse_override("blocks[0].expand_ratio=3"), loaded.document) == "blocks[0].expand_ratio=3"


def test_rows_that_share_an_anchor_are_changed_one_by_one() -> None:
    assert values(changed("blocks[0].kernel_size=3"), "kernel_size") == [(3,), (5,), (3,)]


def test_counts_from_the_end_and_takes_slices() -> None:
    loaded = changed("blocks[-1].kernel_size=9", "blocks[:1].se_ratio=0", "blocks[1:2].se_ratio=1")
    assert values(loaded, "kernel_size") == [(5,), (5,), (9,)]
    assert values(loaded, "se_ratio") == [0, 1, None]


def test_later_overrides_see_earlier_ones() -> None:
    spec = changed(
        "blocks[0]={type: depthwise_separable, kernel_size: 3, output_filters: 8}",
        "blocks[0].activation_after=false",
    ).spec
    assert spec.blocks[0].model_dump()["activation_after"] is False


def test_values_are_yaml_1_2() -> None:
    assert changed("input.resolution=[32, 16]").spec.input.resolution == (32, 16)
    assert changed("classifier={num_classes: 10}").spec.classifier is not None
    assert changed("stem=null").spec.stem is None
    assert changed("family='3'").spec.family == "3"
    assert changed("family=yes").spec.family == "yes"


def test_published_spellings_are_understood() -> None:
    spec = changed("blocks[0].strides=2", "blocks[0].id_skip=false").spec
    assert isinstance(spec.blocks[0], Row)
    assert spec.blocks[0].stride == (2, 2)
    assert spec.blocks[0].shortcut == "none"


def test_what_is_expected_of_the_unchanged_network_is_left_out() -> None:
    assert changed().spec.expect is not None
    assert changed("activation=swish").spec.expect is None


def test_wrong_values_are_told_as_in_a_file() -> None:
    (even,) = complaints("blocks[*].kernel_size=4")
    assert even.startswith("--set 'blocks[*].kernel_size=4': kernel_size: 4 is even")
    assert complaints("blocks[0].kernel_size=abc") == (
        "--set 'blocks[0].kernel_size=abc': kernel_size: should be a whole number, or height x width as 3x5; got 'abc'",
    )
    assert "did you mean 'relu'" in complaints("activation=rellu")[0]


def test_what_a_change_makes_wrong_elsewhere_in_the_file_names_the_change() -> None:
    (problem,) = complaints("blocks[0].input_filters=7")
    assert problem == "--set 'blocks[0].input_filters=7': input_filters is 7, but the stem gives 8"
    (problem,) = complaints("blocks[0].depthwise_stack=[3, 5]")
    assert problem.startswith("net.yaml:")
    assert problem.endswith("(as changed by --set 'blocks[0].depthwise_stack=[3, 5]')")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("blocks[9].kernel_size=3", "blocks has 3, [0] to [2]; nearest valid path: blocks[*].kernel_size"),
        ("blocks[-4].kernel_size=3", "nothing is there"),
        ("blocks[3:].kernel_size=3", "nothing is there"),
        ("blocks[*].kernal_size=3", "nearest valid path: blocks[*].kernel_size"),
        ("blocks[2].expand_ratio=3", "blocks[2] has no 'expand_ratio'"),
        ("blocks[*].bottleneck_filters=3", "blocks[0] has no 'bottleneck_filters'"),
        ("blocks[*].out_channels=3", "nearest valid path: blocks[*].output_filters"),
        ("width_multiplier=2", "nearest valid path: scaling.width"),
        ("blocks.kernel_size=3", "blocks is a list, so it takes [*] or [0] before 'kernel_size'; nearest valid path: "),
        ("width=2", "nearest valid path: scaling.width"),
        ("activation.x=1", "nearest valid path: activation"),
        ("qqqqqqq=1", "`mbconv schema` shows all keys"),
        ("stem.max_pool.kernel=5", "nearest valid path: stem.max_pool.kernel_size"),
        ("extends=mobilenet-v2", "has no 'extends'"),
        ("input.resolution[0]=3", "is no list"),
    ],
)
def test_a_path_that_matches_nothing_names_the_nearest(override: str, told: str) -> None:
    (problem,) = complaints(override)
    assert problem.startswith(f"--set {override!r}: ")
    assert told in problem


def test_all_paths_that_match_nothing_are_told_together() -> None:
    assert len(complaints("width=2", "blocks[9].kernel_size=3")) == 2


@pytest.mark.parametrize("text", ["activation", "=relu", "a b=1", "blocks[x].kernel_size=3", "blocks[0=3", "stem=[1"])
def test_what_is_no_override_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--set"):
        parse_override(text)


def test_a_network_opened_with_overrides_says_so() -> None:
    network = open_network("mnasnet-a1", overrides=["blocks[*].se_ratio=0"])
    assert network.subject()["set"] == "blocks[*].se_ratio=0"
    assert total(plan_costs(network.plan)).params < total(plan_costs(open_network("mnasnet-a1").plan)).params


def test_no_override_changes_nothing() -> None:
    assert changed().spec == load_text(TEXT, "net.yaml").spec
