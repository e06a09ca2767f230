"""Lines of a table are what rich makes of them."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mbconv_cli.render.styled_lines import Line, coloured_line, columns_of, plain_line

TEXTS = st.text(st.sampled_from("ab 1±é網─█"), max_size=6)
STYLES = st.sampled_from(["bold", "dim", "red", "green", "yellow", "cyan"])
LINES = st.lists(TEXTS | st.tuples(TEXTS, STYLES), max_size=8)


def by_rich(line: Line) -> str:
    text = Text.assemble(*line)
    text.rstrip()
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        highlight=False,
        legacy_windows=False,
        no_color=False,
    )
    console.print(text, soft_wrap=True, end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(LINES)
def test_colours_are_those_of_rich(line: Line) -> None:
    assert coloured_line(line) == by_rich(line)


@given(LINES)
def test_plain_lines_have_the_same_text(line: Line) -> None:
    assert plain_line(line) == Text.assemble(*line).plain.rstrip()


@given(TEXTS)
def test_wide_characters_take_two_columns(text: str) -> None:
    assert columns_of(text) == cell_len(text)
