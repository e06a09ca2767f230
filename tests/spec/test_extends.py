"""`extends`: what is merged, what is replaced, what is not inherited, and which file a mistake is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import MAX_EXTENDS, LoadedSpec, load, load_text
from mbconv_cli.spec.overrides import parse_override
from mbconv_cli.spec.row_keys import Row

PARENT = """\
name: parent
family: Family
source: A paper
input: {resolution: 32}
norm: {eps: 1e-3, momentum: 0.01}
stem: {kernel_size: 5, output_filters: 8}
blocks:
  - {kernel_size: 3, output_filters: 8, expand_ratio: 1}
  - {kernel_size: 3, output_filters: 16, expand_ratio: 6}
expect: {params: 1, macs: 1, source: x}
"""


def extended(folder: Path, child: str, parent: str = PARENT) -> LoadedSpec:
    (folder / "parent.yaml").write_text(parent, encoding="utf-8")
    return load_text(f"extends: parent.yaml\n{child}", "child.yaml", name="child", folder=folder)


def told(folder: Path, child: str, parent: str = PARENT) -> list[str]:
    with pytest.raises(InputError) as caught:
        extended(folder, child, parent)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.sentences]


def test_what_is_not_said_is_inherited_but_not_name_and_expect(tmp_path: Path) -> None:
    spec = extended(tmp_path, "").spec
    assert (spec.name, spec.family, spec.source, spec.expect) == ("child", "Family", "A paper", None)
    assert len(spec.blocks) == 2


def test_mappings_are_merged_key_by_key(tmp_path: Path) -> None:
    spec = extended(tmp_path, "stem: {output_filters: 4}\nnorm: {eps: 1e-5}\nscaling: {width: 2}\n").spec
    assert spec.stem is not None
    assert (spec.stem.kernel_size, spec.stem.output_filters) == (5, 4)
    assert (spec.norm.eps, spec.norm.momentum) == (1e-5, 0.01)
    assert spec.scaling.width == 2


def test_lists_are_replaced(tmp_path: Path) -> None:
    spec = extended(tmp_path, "blocks: [{kernel_size: 5, output_filters: 4, expand_ratio: 1, strides: 2}]\n").spec
    assert [row.output_filters for row in spec.blocks] == [4]
    assert spec.blocks[0].stride == (2, 2)


def test_nothing_takes_a_section_away(tmp_path: Path) -> None:
    assert extended(tmp_path, "stem: ~\n").spec.stem is None


def test_by_shipped_name() -> None:
    spec = load_text("extends: efficientnet-b0\nclassifier: {num_classes: 10}\n", "child.yaml").spec
    assert spec.family == "EfficientNet"
    assert spec.classifier is not None
    assert spec.classifier.num_classes == 10


def test_a_relative_path_starts_at_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.yaml").write_text(PARENT, encoding="utf-8")
    (tmp_path / "deep" / "middle.yaml").write_text("extends: ../base.yaml\nactivation: swish\n", encoding="utf-8")
    (tmp_path / "child.yaml").write_text("extends: deep/middle.yaml\nfamily: Own\n", encoding="utf-8")
    spec = load(str(tmp_path / "child.yaml")).spec
    assert (spec.name, spec.family, spec.activation, spec.source) == ("child", "Own", "swish", "A paper")


def test_a_mistake_is_told_of_the_file_that_made_it(tmp_path: Path) -> None:
    parent = PARENT.replace("kernel_size: 5", "kernel_size: 0").replace("family", "famly")
    assert told(tmp_path, "stem: {output_filters: -1}\nnorm: {epsilon: 1}\n", parent) == [
        "child.yaml:2:24: output_filters: should be at least 1; got -1",
        "child.yaml:3:8: unknown key 'epsilon'; did you mean 'eps'?",
        "parent.yaml:2:1: unknown key 'famly'; did you mean 'family'?",
        "parent.yaml:6:21: kernel_size: should be at least 1; got 0",
    ]


def test_a_mistake_in_a_replaced_list_is_told_of_the_child(tmp_path: Path) -> None:
    assert told(tmp_path, "blocks: [{kernel_size: 3}, 1]\n") == [
        "child.yaml:2:10: row 1: the key 'output_filters' is missing",
        "child.yaml:2:28: row 2: should be a mapping of keys to values, or a string as ir_r1_k3_s1_e6_c16; got 1",
    ]


def test_what_is_replaced_leaves_no_marks_behind(tmp_path: Path) -> None:
    loaded = extended(tmp_path, "blocks: [{kernel_size: 3, output_filters: 8, expand_ratio: 1}]\nstem: ~\n")
    assert str(loaded.where(("blocks", 1, "kernel_size"))) == "child.yaml:2:9"
    assert str(loaded.where(("stem", "kernel_size"))) == "child.yaml:3:7"
    assert str(loaded.where(("norm", "eps"))) == f"{tmp_path}/parent.yaml:5:13"


def test_a_contradiction_between_the_two_is_told_where_it_stands(tmp_path: Path) -> None:
    parent = PARENT.replace(
        "{kernel_size: 3, output_filters: 8,", "{kernel_size: 3, input_filters: 8, output_filters: 8,"
    )
    assert told(tmp_path, "stem: {output_filters: 4}\n", parent) == [
        "parent.yaml:8:37: input_filters is 8, but the stem gives 4"
    ]


@pytest.mark.parametrize(
    ("parent", "problem"),
    [
        ("- 1\n", "parent.yaml:1:1: a network is a mapping of keys (input, stem, blocks, ...) to values"),
        ("", "parent.yaml: the file is empty; a network needs at least `input` and one layer"),
        ("a: [\n", "parent.yaml:2:1: not YAML: did not find expected node content"),
        ("extends: [a]\n", "parent.yaml:1:10: extends: should be the name or the path of a network; got ['a']"),
        ("extends: nope.yaml\n", "parent.yaml:1:10: extends: nope.yaml: No such file or directory"),
        ("extends: parent.yaml\n", "parent.yaml:1:10: extends: in a circle: child.yaml -> parent.yaml -> parent.yaml"),
        (
            "extends: ./../{folder}/parent.yaml\n",
            "parent.yaml:1:10: extends: in a circle: child.yaml -> parent.yaml -> ../{folder}/parent.yaml",
        ),
    ],
)
def test_a_parent_that_is_no_network(tmp_path: Path, parent: str, problem: str) -> None:
    folder = tmp_path.name
    assert told(tmp_path, "", parent.format(folder=folder)) == [problem.format(folder=folder)]


@pytest.mark.parametrize(
    "reference", ["3", "''", "~", "{a: b}", '"a\\0.yaml"', '"\\e[31m.yaml"', "a" * 1_000 + ".yaml"]
)
def test_a_reference_that_cannot_be_one(reference: str) -> None:
    with pytest.raises(InputError, match=r"^child\.yaml:1:10: extends: should be the name or the path") as caught:
        load_text(f"extends: {reference}\n", "child.yaml")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("/", "/: Is a directory"),
        ("nowhere/at-all.yaml", "nowhere/at-all.yaml: No such file or directory"),
        ("eficientnetb0", "no network is called 'eficientnetb0'; did you mean 'efficientnet-b0'"),
        ("'-'", "no network is called '-'"),
    ],
)
def test_a_reference_to_nothing(reference: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        load_text(f"family: x\nextends: {reference}\n", "child.yaml")
    assert str(caught.value).startswith(f"child.yaml:2:10: extends: {what}")


def test_a_circle_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n", encoding="utf-8")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "a.yaml")
    with pytest.raises(InputError, match=r"a\.yaml:1:10: extends: in a circle: .*a\.yaml -> .*b\.yaml$"):
        load(str(tmp_path / "a.yaml"))


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")
    with pytest.raises(InputError, match="symbolic links"):
        load_text("extends: a.yaml\n", "child.yaml", folder=tmp_path)


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "0.yaml").write_text(PARENT, encoding="utf-8")
    for index in range(1, MAX_EXTENDS + 2):
        (tmp_path / f"{index}.yaml").write_text(f"extends: {index - 1}.yaml\n", encoding="utf-8")
    assert load(str(tmp_path / f"{MAX_EXTENDS}.yaml")).spec.source == "A paper"
    with pytest.raises(
        InputError, match=rf"1\.yaml:1:10: extends: more than {MAX_EXTENDS} networks, each extending the next$"
    ):
        load(str(tmp_path / f"{MAX_EXTENDS + 1}.yaml"))


def test_two_that_extend_the_same_are_no_circle(tmp_path: Path) -> None:
    spec = load_text("extends: efficientnet-b1\n", "efficientnet-b0.yaml", folder=tmp_path).spec
    assert spec.family == "EfficientNet"


def test_single_values_change_by_their_paths(tmp_path: Path) -> None:
    child = "set:\n  blocks[1].num_repeat: 3\n  blocks[*].kernel_size: 5\n  scaling.width: 2\n"
    spec = extended(tmp_path, child + "expect: {peer: 'timm:resnet18'}\n").spec
    assert [(row.output_filters, row.num_repeat) for row in spec.blocks if isinstance(row, Row)] == [(8, 1), (16, 3)]
    assert spec.scaling.width == 2
    assert spec.expect is not None  # the file's own figures are those of the network as it is changed


def test_set_in_a_file_is_as_set_on_the_command_line(tmp_path: Path) -> None:
    written = extended(tmp_path, "set:\n  blocks[-1].strides: 2\n  stem.kernel_size: 3\n", PARENT).spec
    given = load(
        str(tmp_path / "parent.yaml"),
        overrides=[parse_override("blocks[-1].strides=2"), parse_override("stem.kernel_size=3")],
    ).spec
    assert written.model_copy(update={"name": given.name}) == given


def test_a_grandchild_sees_what_its_parent_set(tmp_path: Path) -> None:
    (tmp_path / "middle.yaml").write_text("extends: parent.yaml\nset:\n  blocks[0].output_filters: 4\n")
    (tmp_path / "parent.yaml").write_text(PARENT)
    child = "extends: middle.yaml\nset:\n  blocks[1].output_filters: 6\n"
    spec = load_text(child, "child.yaml", folder=tmp_path).spec
    assert [row.output_filters for row in spec.blocks if isinstance(row, Row)] == [4, 6]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ("\n  blocks[1].num_repeat: 0", "child.yaml:3:25: num_repeat: should be at least 1; got 0"),
        (
            "\n  blocks[1].num_repeats: 2",
            "child.yaml:3:26: blocks[1] has no 'num_repeats'; nearest valid path: blocks[*].num_repeat",
        ),
        (
            "\n  blocks[2].num_repeat: 2",
            "child.yaml:3:25: nothing is there: blocks has 2, [0] to [1]; nearest valid path: blocks[*].num_repeat",
        ),
        (
            "\n  a b: 2",
            "child.yaml:3:8: 'a b' is no path; one looks like activation, scaling.width or blocks[2:].se_ratio",
        ),
        (
            " 3",
            "child.yaml:2:6: set: should be a mapping of paths to values, e.g. blocks[2].num_repeat: 3; got 3",
        ),
    ],
)
def test_a_path_that_cannot_be_set(tmp_path: Path, changes: str, problem: str) -> None:
    assert told(tmp_path, f"set:{changes}\n") == [problem]


def test_set_needs_a_network_to_change() -> None:
    with pytest.raises(InputError) as caught:
        load_text(f"{PARENT}set:\n  activation: swish\n", "child.yaml")
    what = "set: changes values of the network that a file extends; add `extends:` or write them in place"
    assert caught.value.sentences == (f"child.yaml:11:1: {what}",)
