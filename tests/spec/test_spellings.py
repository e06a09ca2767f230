"""Rows as EfficientNet's code publishes them."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import LoadedSpec, load_text
from mbconv_cli.spec.row_keys import Row

HEADER = "input: {resolution: 32}\nblocks:\n"
ROW = "kernel_size: 3, num_repeat: 1, input_filters: 3, output_filters: 3, expand_ratio: 1"


def load_row(keys: str) -> LoadedSpec:
    return load_text(f"{HEADER}  - {{{keys}, {ROW}}}\n", "f.yaml")


def told(keys: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_row(keys)
    return caught.value.sentences


def test_a_published_row_is_valid_as_it_stands() -> None:
    (row,) = load_row("id_skip: true, strides: [2, 2], se_ratio: 0.25").spec.blocks
    assert isinstance(row, Row)
    assert (row.shortcut, row.stride) == ("identity", (2, 2))


@pytest.mark.parametrize(("written", "meant"), [("true", "identity"), ("false", "none")])
def test_id_skip(written: str, meant: str) -> None:
    (row,) = load_row(f"id_skip: {written}").spec.blocks
    assert isinstance(row, Row)
    assert row.shortcut == meant


def test_marks_point_at_what_was_written() -> None:
    loaded = load_row("strides: [1, 2]")
    assert str(loaded.where(("blocks", 0, "stride"))) == "f.yaml:3:15"
    assert str(loaded.where(("blocks", 0, "stride", 1))) == "f.yaml:3:19"


@pytest.mark.parametrize(
    ("keys", "problems"),
    [
        ("strides: 1, stride: 1", ["f.yaml:3:6: strides and stride say the same; keep one"]),
        ("stride: 1, strides: 0", ["f.yaml:3:17: strides and stride say the same; keep one"]),
        ("id_skip: true, shortcut: none", ["f.yaml:3:6: id_skip and shortcut say the same; keep one"]),
        ("strides: 0", ["f.yaml:3:15: stride: should be at least 1; got 0"]),
        ("strides: [1, -1]", ["f.yaml:3:19: stride: should be at least 1; got -1"]),
        ("id_skip: yes", ["f.yaml:3:15: id_skip: should be true or false; got 'yes'"]),
        ("id_skip: 1", ["f.yaml:3:15: id_skip: should be true or false; got 1"]),
        ("id_skip: projection", ["f.yaml:3:15: id_skip: should be true or false; got 'projection'"]),
        ("id_skip: ~", ["f.yaml:3:15: id_skip: should be true or false; got nothing"]),
        (
            "id_skip: no, strides: 1, stride: 1",
            [
                "f.yaml:3:15: id_skip: should be true or false; got 'no'",
                "f.yaml:3:19: strides and stride say the same; keep one",
            ],
        ),
    ],
)
def test_mistakes(keys: str, problems: list[str]) -> None:
    assert list(told(keys)) == problems
