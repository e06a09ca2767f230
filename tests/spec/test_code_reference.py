"""What counts as code, and what a reference, an argument or an input shape may look like."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.code_reference import InputShape, Origin, parse_arguments, parse_code, parse_inputs


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
