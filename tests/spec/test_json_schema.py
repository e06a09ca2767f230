"""The JSON Schema against the loader: what one refuses for keys and types, the other refuses too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mbconv_cli.errors import InputError
from mbconv_cli.report.report_schema import DIALECT
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.json_schema import json_schema
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.rows import ROW_TYPES
from mbconv_cli.yaml.yaml_text import read_yaml

HEADER = "input: {resolution: 32}\nstem: {output_filters: 8}\n"
ROW = "kernel_size: 3, output_filters: 8, expand_ratio: 1"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def plain(text: str) -> Any:
    return read_yaml(text, "f.yaml").data


def test_it_is_a_schema_of_its_dialect() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT


def test_every_block_type_is_in_it() -> None:
    definitions = json_schema()["$defs"]
    for kind, model in ROW_TYPES.items():
        assert definitions[model.__name__]["properties"]["type"]["const"] == kind
        assert {"strides", "id_skip"} <= definitions[model.__name__]["properties"].keys()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_file_is_valid(name: str, validator: Draft202012Validator) -> None:
    text = Path(shipped()[name]).read_text(encoding="utf-8")
    assert [error.message for error in validator.iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        HEADER + f"blocks: [{{{ROW}, strides: [2, 1], id_skip: false}}]\n",
        HEADER + "head: ~\nclassifier: ~\nblocks: []\n",
        "input: {resolution: [32, 64], channels: 1}\nclassifier: {}\n",
        "extends: efficientnet-b0\n",
        "extends: efficientnet-b0\nhead: {activation: relu}\nstem: {kernel_size: 5}\ninput: {channels: 3}\n",
        "extends: efficientnet-b0\nexpect: {params: 1, macs: 2, source: x}\nscaling: {width: 2, depth: 0.5}\n",
        "extends: resnet-50\nset:\n  blocks[2].num_repeat: 23\n  blocks[-1:].stride: 1\n  scaling.width: 2\n",
    ],
)
def test_both_accept(text: str, validator: Draft202012Validator) -> None:
    load_text(text, "f.yaml")
    assert [error.message for error in validator.iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "stem: {output_filters: 8}\n",
        "[]\n",
        "input: 224\nstem: {output_filters: 8}\n",
        "input: {resolution: 32, size: 3}\nstem: {output_filters: 8}\n",
        "input: {}\nstem: {output_filters: 8}\n",
        "input: {resolution: [32]}\nstem: {output_filters: 8}\n",
        "input: {resolution: 0}\nstem: {output_filters: 8}\n",
        "input: {resolution: 32}\nstem: {}\n",
        HEADER + "zzz: 1\n",
        HEADER + "activation: softplus\n",
        HEADER + "activation: ~\n",
        HEADER + "norm: {eps: 0}\n",
        HEADER + "norm: {eps: '1e-3'}\n",
        HEADER + "norm: {epsilon: 1e-3}\n",
        HEADER + "se: {bias: yes}\n",
        HEADER + "scaling: {width: true}\n",
        HEADER + "head: {kernel_size: 1}\n",
        HEADER + "head: []\n",
        HEADER + "classifier: {num_classes: 1.5}\n",
        HEADER + "classifier: {num_classes: 99999999999999999999}\n",
        HEADER + "expect: {params: 1}\n",
        HEADER + 'name: "a\\tb"\n',
        HEADER + "name: 3\n",
        HEADER + "blocks: {}\n",
        HEADER + "blocks: [1]\n",
        HEADER + "blocks: [{}]\n",
        HEADER + f"blocks: [{{type: other, {ROW}}}]\n",
        HEADER + f"blocks: [{{type: ~, {ROW}}}]\n",
        HEADER + f"blocks: [{{{ROW}, zzz: 1}}]\n",
        HEADER + f"blocks: [{{{ROW}, stride: 0}}]\n",
        HEADER + f"blocks: [{{{ROW}, stride: 1, strides: 1}}]\n",
        HEADER + f"blocks: [{{{ROW}, id_skip: 1}}]\n",
        HEADER + f"blocks: [{{{ROW}, se_ratio: 2}}]\n",
        HEADER + "blocks: [{type: depthwise_separable, output_filters: 8}]\n",
        "extends: ''\n",
        "extends: 3\n",
        "extends: efficientnet-b0\nhead: {zzz: 1}\n",
        "extends: efficientnet-b0\nexpect: {params: 1}\n",
        "extends: efficientnet-b0\nset: 3\n",
        "extends: efficientnet-b0\nset:\n  a b: 3\n",
        HEADER + "set:\n  activation: swish\n",
    ],
)
def test_both_refuse(text: str, validator: Draft202012Validator) -> None:
    with pytest.raises(InputError):
        load_text(text, "f.yaml")
    assert not validator.is_valid(plain(text))


@pytest.mark.parametrize(
    "row",
    [
        "r1_k3_s11_e1_i8_o16_se0.25_noskip",
        "ir_r2_k3_s2_e6_c24_se0.25_nre",
        "ir_r1_k3.5.7_a1.1_p1.1_s2_e6_c32",
        "ds_r1_k3_s1_e1_c16_skip",
        "er_r1_k3_s1_e4_c24_fc24_noskip",
        "uir_r1_a3_k5_s2_e4_c64",
        "cn_r1_k1_s1_c480",
    ],
)
def test_both_accept_a_row_as_a_string(row: str, validator: Draft202012Validator) -> None:
    text = HEADER + f"blocks: [{row}]\n"
    load_text(text, "f.yaml")
    assert [error.message for error in validator.iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    "row",
    [
        "ir_r2_k3_s2_c24",
        "r1_k3_s11_e1_i32",
        "ir_r2_k3_s2_e6_c24_zz3",
        "ir_r2_k3_s2_e6_c24_",
        "k3_r1_s11_e1_i32_o16",
        "xx_r1_k3_s1_c8",
        "ir",
        "cn_r1_k1_s1_c480_se0.25",
    ],
)
def test_both_refuse_a_string_that_is_no_row(row: str, validator: Draft202012Validator) -> None:
    text = HEADER + f"blocks: [{row}]\n"
    with pytest.raises(InputError):
        load_text(text, "f.yaml")
    assert not validator.is_valid(plain(text))


def test_every_key_has_a_description() -> None:
    def without(node: Any, path: str) -> list[str]:
        if isinstance(node, list):
            return [found for inner in node for found in without(inner, path)]
        if not isinstance(node, dict):
            return []
        keys = [f"{path}/{key}" for key, value in node.get("properties", {}).items() if not value.get("description")]
        return keys + [found for key, inner in node.items() for found in without(inner, f"{path}/{key}")]

    schema = {key: value for key, value in json_schema().items() if key != "then"}  # which only names required keys
    assert without(schema, "") == []
