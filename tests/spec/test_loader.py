"""YAML text -> Spec: every mistake with file, line and column, and what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import MOST_PROBLEMS, load, load_text

HEADER = "input: {resolution: 32}\nstem: {output_filters: 8}\n"
ROW = "kernel_size: 3, output_filters: 8, expand_ratio: 1"


def told(text: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_text(text, "f.yaml")
    return caught.value.sentences


def test_the_smallest_network() -> None:
    spec = load_text("input: {resolution: 1}\nclassifier: {}\n", "f.yaml", name="smallest").spec
    assert (spec.name, spec.input.channels, spec.input.resolution) == ("smallest", 3, (1, 1))
    assert spec.classifier is not None
    assert spec.classifier.num_classes == 1000


def test_a_file_is_named_after_its_stem_unless_it_says_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.v1.yaml"
    path.write_text(HEADER, encoding="utf-8")
    assert load(str(path)).spec.name == "mine.v1"
    path.write_text(HEADER + "name: other\n", encoding="utf-8")
    assert load(str(path)).spec.name == "other"


def test_where_says_the_place_of_a_value() -> None:
    loaded = load_text(HEADER + f"blocks:\n  - {{{ROW}}}\n", "f.yaml")
    assert str(loaded.where(("blocks", 0, "expand_ratio"))) == "f.yaml:4:55"
    assert str(loaded.where(("blocks", 0, "stride"))) == "f.yaml:4:5"


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("activaton: relu", ["3:1: unknown key 'activaton'; did you mean 'activation'?"]),
        ("norm: {eps: .nan}", ["3:13: eps: should be a finite number; got nan"]),
        ("norm: {momentum: -.inf}", ["3:18: momentum: should be a finite number; got -inf"]),
        ("norm: {momentum: 1e999}", ["3:18: momentum: should be a finite number; got inf"]),
        ("norm: {eps: 0}", ["3:13: eps: should be greater than 0; got 0"]),
        ("norm: {eps: '1e-3'}", ["3:13: eps: should be a number; got '1e-3'"]),
        ("norm: 1e-3", ["3:7: norm: should be a mapping of keys to values; got 0.001"]),
        ("norm:", ["3:6: norm: should be a mapping of keys to values; got nothing"]),
        ("scaling: {depth: 0}", ["3:18: depth: should be greater than 0; got 0"]),
        ("scaling: {width: 1001}", ["3:18: width: should be at most 1000; got 1001"]),
        ("scaling: {width: true}", ["3:18: width: should be a number; got true"]),
        ("scaling: {divisor: -8}", ["3:20: divisor: should be at least 1; got -8"]),
        (
            "scaling: {resolution: [1, 2, 3]}",
            ["3:23: resolution: should be one integer, or two: [vertical, horizontal]; got "],
        ),
        ("scaling: {resolution: [32, 0]}", ["3:28: resolution: should be at least 1; got 0"]),
        ("scaling: {resolution: 2.5}", ["3:23: resolution: should be a whole number; got 2.5"]),
        ("activation: yes", ["3:13: activation: should be 'none', 'relu', 'relu6', "]),
        ("activation: ReLU6", ["3:13: activation: should be 'none', 'relu', 'relu6', "]),
        (
            "se: {gate: sigmiod}",
            ["3:12: gate: should be 'sigmoid' or 'hard_sigmoid'; got 'sigmiod'; did you mean 'sigmoid'"],
        ),
        ("se: {bias: yes}", ["3:12: bias: should be a boolean; got 'yes'"]),
        (
            "classifier: {num_classes: 99999999999999999999}",
            ["3:27: num_classes: should be at most 1048576; got 99999999999999999999"],
        ),
        ("classifier: {num_classes: 1e3}", ["3:27: num_classes: should be a whole number; got 1000.0"]),
        ("classifier: {classes: 10}", ["3:14: unknown key 'classes'; did you mean 'num_classes'?"]),
        ("head: {}", ["3:7: head: the key 'output_filters' is missing"]),
        ("head: []", ["3:7: head: should be a mapping of keys to values; got []"]),
        ("head: {kernel_size: 0, output_filters: 8}", ["3:21: kernel_size: should be at least 1; got 0"]),
        (
            "head: {kernel_size: 2, output_filters: 8}",
            ["3:21: kernel_size: 2 is even; with symmetric padding it must be odd"],
        ),
        ("name: 7", ["3:7: name: should be a string; got 7"]),
        ("name: ''", ["3:7: name: should have at least 1 character; got ''"]),
        ('family: "a\\eb"', ["3:9: family: should have no control characters; got 'a\\x1bb'"]),
        ("expect: {params: -1, macs: 1, source: x}", ["3:18: params: should be at least 0; got -1"]),
        (
            "expect: {params: 1}",
            ["3:9: expect: params, macs and source belong together; give all of them, or `peer` alone"],
        ),
        ("expect: {}", ["3:9: expect: needs params, macs and source, or a peer"]),
        ("blocks:", ["3:8: blocks: should be a list; got nothing"]),
        ("blocks: mbconv", ["3:9: blocks: should be a list; got 'mbconv'"]),
        ("blocks: {kernel_size: 3}", ["3:9: blocks: should be a list; got a mapping"]),
        (
            f"blocks: [1, ~, abc, {{{ROW}}}]",
            [
                "3:10: row 1: should be a mapping of keys to values, or a string as ir_r1_k3_s1_e6_c16; got 1",
                "3:13: row 2: should be a mapping of keys to values, or a string as ir_r1_k3_s1_e6_c16; got nothing",
                "3:16: row 'abc' does not begin with a block type or with r1, r2, ...",
            ],
        ),
        (
            f"blocks: [{{{ROW}}}, {{type: mbcov, {ROW}}}]",
            ["3:71: unknown block type 'mbcov'; did you mean 'mbconv' or 'conv'?"],
        ),
        (f"blocks: [{{{ROW}, kernel: 3}}]", ["3:63: unknown key 'kernel'; here it is called 'kernel_size'"]),
        (
            "blocks: [{kernel_size: 3, output_filters: 8}]",
            ["3:10: row 1: needs either expand_ratio or expanded_filters"],
        ),
        (
            f"blocks: [{{{ROW}, expanded_filters: 8}}]",
            ["3:10: row 1: expand_ratio and expanded_filters exclude each other; keep one"],
        ),
        (f"blocks: [{{{ROW}, stride: 0}}]", ["3:71: stride: should be at least 1; got 0"]),
        (f"blocks: [{{{ROW}, stride: [1, -1]}}]", ["3:75: stride: should be at least 1; got -1"]),
        (
            f"blocks: [{{{ROW}, stride: []}}]",
            ["3:71: stride: should be one integer, or two: [vertical, horizontal]; got []"],
        ),
        (f"blocks: [{{{ROW}, num_repeat: 0}}]", ["3:75: num_repeat: should be at least 1; got 0"]),
        (f"blocks: [{{{ROW}, se_ratio: 1.5}}]", ["3:73: se_ratio: should be at most 1; got 1.5"]),
        (f"blocks: [{{{ROW}, input_filters: 16}}]", ["3:78: input_filters is 16, but the stem gives 8"]),
        (f"blocks: [{{{ROW}}}, {{{ROW}, input_filters: 16}}]", ["3:132: input_filters is 16, but row 1 gives 8"]),
        ("extends: 3", ["3:10: extends: should be the name or the path of a network; got 3"]),
        ("extends: ''", ["3:10: extends: should be the name or the path of a network; got ''"]),
        ("extends: mobilnetv2", ["3:10: extends: no network is called 'mobilnetv2'; did you mean 'mobilenet-v2"]),
    ],
)
def test_one_mistake(line: str, problems: list[str]) -> None:
    found = told(f"{HEADER}{line}\n")
    assert len(found) == len(problems)
    for one, expected in zip(found, problems, strict=True):
        assert one.startswith(f"f.yaml:{expected}")


def test_the_nearest_of_the_valid_values_is_proposed_whatever_its_case() -> None:
    (problem,) = told(HEADER + "activation: ReLU6\n")
    assert problem.endswith("; got 'ReLU6'; did you mean 'relu6' or 'relu' or 'prelu'?")


@pytest.mark.parametrize("kind", ["1", "~", "true", "[mbconv]", "{a: 1}", "1.5", "''", "z" * 900])
def test_a_type_that_is_none(kind: str) -> None:
    (problem,) = told(f"{HEADER}blocks: [{{type: {kind}, {ROW}}}]\n")
    assert problem.startswith("f.yaml:3:17: unknown block type ")
    assert len(problem) < 300


def test_the_mistakes_of_a_file_are_told_together_and_in_its_order() -> None:
    text = (
        "input: {resolution: -1, size: 3}\n"
        "stem: {kernel_size: 4, output_filters: 8}\n"
        "blocks:\n"
        "  - {kernel_size: 3, input_filters: 9, output_filters: 0, strides: 2, stride: 2}\n"
        "  - {id_skip: maybe, kernel_size: 3, output_filters: 8, expand_ratio: 1}\n"
        "zzz: 1\n"
        "padding: symetric\n"
    )
    problems = told(text)
    assert [problem.partition("; valid are")[0].removeprefix("f.yaml:") for problem in problems] == [
        "1:21: resolution: should be at least 1; got -1",
        "1:25: unknown key 'size'",
        "4:37: input_filters is 9, but the stem gives 8",
        "4:56: output_filters: should be at least 1; got 0",
        "4:59: strides and stride say the same; keep one",
        "5:15: id_skip: should be true or false; got 'maybe'",
        "6:1: unknown key 'zzz'",
        "7:10: padding: should be 'symmetric', 'same' or 'valid'; got 'symetric'; did you mean 'symmetric'?",
    ]


def test_even_kernels_and_broken_chains_are_told_with_what_the_schema_finds() -> None:
    text = "input: {resolution: 32, channels: 1}\nblocks:\n  - {kernel_size: 4, input_filters: 3}\n"
    assert told(text) == (
        "f.yaml:3:5: row 1: the key 'output_filters' is missing",
        "f.yaml:3:19: kernel_size: 4 is even; with symmetric padding it must be odd (or say `padding: same`)",
        "f.yaml:3:37: input_filters is 3, but the input gives 1",
    )


def test_an_even_kernel_with_same_padding() -> None:
    spec = load_text(f"{HEADER}padding: same\nhead: {{kernel_size: 2, output_filters: 8}}\n", "f.yaml").spec
    assert spec.head is not None
    assert spec.head.kernel_size == 2


@pytest.mark.parametrize("layers", ["", "stem:\n", "blocks: []\n", "head: ~\nclassifier: null\n"])
def test_no_layer(layers: str) -> None:
    assert told(f"input: {{resolution: 32}}\n{layers}") == (
        "f.yaml:1:1: no layer; a network has a stem, blocks, a head or a classifier",
    )


def test_no_input() -> None:
    assert told("stem: {output_filters: 8}\n") == ("f.yaml:1:1: the file: the key 'input' is missing",)


@pytest.mark.parametrize("text", ["- 1\n", "word\n", "[]\n", "3\n", "'{}'\n", "mbconv_b0.yaml"])
def test_no_mapping(text: str) -> None:
    assert told(text) == ("f.yaml:1:1: a network is a mapping of keys (input, stem, blocks, ...) to values",)


def test_valid_keys_are_listed_where_none_is_near() -> None:
    (problem,) = told(HEADER + "zzz: 1\n")
    assert "valid are extends, set, name, family, source, input," in problem
    (problem,) = told(HEADER + f"blocks: [{{{ROW}, zzz: 1}}]\n")
    assert all(key in problem for key in ("expanded_filters", "se_ratio", "strides", "id_skip"))


def test_a_file_of_another_kind_is_not_told_to_its_last_line() -> None:
    problems = told(HEADER + "".join(f"key{index}: 1\n" for index in range(1_000)))
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1] == "... and 900 more mistakes"


def test_a_long_value_is_cut() -> None:
    (problem,) = told(f"{HEADER}activation: {'k' * 100_000}\n")
    assert len(problem) < 300


def test_a_name_of_a_file_that_is_no_name(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.yaml"
    path.write_text(HEADER, encoding="utf-8")
    with pytest.raises(InputError, match="name: should have no control characters"):
        load(str(path))
