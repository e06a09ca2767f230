"""What counts as code, and what a reference, an argument or an input shape may look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.code_reference import InputShape, Origin, parse_arguments, parse_code, parse_inputs
from tests.repositories import new_repository


@pytest.mark.parametrize(
    ("text", "origin", "place", "name"),
    [
        ("timm:resnet50", Origin.LIBRARY, "timm", "resnet50"),
        ("torchvision:mobilenet_v2", Origin.LIBRARY, "torchvision", "mobilenet_v2"),
        ("models/mine.py:Net", Origin.FILE, "models/mine.py", "Net"),
        ("package.module:make", Origin.PACKAGE, "package.module", "make"),
        ("a/b.pt2", Origin.ARCHIVE, "a/b.pt2", ""),
    ],
)
def test_code_is_recognised(text: str, origin: Origin, place: str, name: str) -> None:
    code = parse_code(text)
    assert code is not None
    assert (code.text, code.origin, code.place, code.name) == (text, origin, place, name)


@pytest.mark.parametrize("text", ["mobilenet-v2", "./mine.yaml", "HEAD:mine.yaml", "HEAD~1:a/b.yaml", "-", "mine.json"])
def test_all_else_is_none(text: str) -> None:
    assert parse_code(text) is None


@pytest.fixture
def branches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the branches `old_nets`, `both` and `folder`, a module `both` and a folder `folder`."""
    repository = new_repository(tmp_path)
    repository.commit({"both.py": "raise SystemExit('it was run')\n", "folder/within.py": ""})
    for branch in ("old_nets", "both", "folder"):
        repository.git("branch", branch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("branches")
def test_a_revision_is_no_module_unless_python_finds_one() -> None:
    assert parse_code("old_nets:b0") is None
    assert parse_code("folder:b0") is None
    unknown = parse_code("elsewhere:b0")
    assert unknown is not None
    assert unknown.origin is Origin.PACKAGE
    within = parse_code("folder.within:make")
    assert within is not None
    assert within.place == "folder.within"


@pytest.mark.usefixtures("branches")
def test_what_is_both_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(InputError, match=r"both:make: both is .*write \./both\.py:make .* both~0:make"):
        parse_code("both:make")
    code = parse_code("./both.py:make")
    assert code is not None
    assert code.origin is Origin.FILE
    assert parse_code("both~0:make") is None


def test_inputs_have_a_shape_and_perhaps_a_name_and_a_dtype() -> None:
    assert parse_inputs(["1x3x224x224", "ids=2x128:int64"]) == (
        InputShape((1, 3, 224, 224)),
        InputShape((2, 128), "ids", "int64"),
    )
    assert [str(one) for one in parse_inputs(["ids=2x128:int64", "5"])] == ["ids=2x128:int64", "5"]


@pytest.mark.parametrize(
    ("text", "what"), [("3x", "should be a shape"), ("1x0", "a dimension of 0"), ("1x2:int7", "no dtype 'int7'")]
)
def test_other_inputs_are_refused(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        parse_inputs([text])


def test_arguments_are_names_with_values() -> None:
    assert parse_arguments(["depth=2", "name=a=b"]) == (("depth", "2"), ("name", "a=b"))
    with pytest.raises(InputError, match="should be NAME=VALUE"):
        parse_arguments(["depth"])
