"""What people see, letter by letter.

The files in golden/ are what each canned report looks like in each place. After a change that is meant, renew them
and read the difference:

    MBCONV_RENEW_GOLDEN=1 pytest tests/render/test_golden.py; git diff tests/render/golden
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style

GOLDEN = Path(__file__).parent / "golden"
PLACES = {
    "30.txt": (Format.TABLE, Style(width=30)),
    "80.txt": (Format.TABLE, Style(width=80)),
    "120.txt": (Format.TABLE, Style(width=120)),
    "200.txt": (Format.TABLE, Style(width=200)),
    "80-color.txt": (Format.TABLE, Style(width=80, color=True)),
    "80-ascii.txt": (Format.TABLE, Style(width=80, unicode=False)),
    "pipe.txt": (Format.TABLE, Style()),
    "report.md": (Format.MARKDOWN, Style()),
    "report.csv": (Format.CSV, Style()),
    "report.json": (Format.JSON, Style()),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["measured", "exact", "networks", "hostile", "check", "hostile_check"])
def test_looks_as_it_did(name: str, place: str, request: pytest.FixtureRequest) -> None:
    output_format, style = PLACES[place]
    text = render(request.getfixturevalue(name), output_format, style)
    golden = GOLDEN / f"{name}-{place}"
    if os.environ.get("MBCONV_RENEW_GOLDEN"):
        golden.write_bytes(text.encode("utf-8"))
    assert text.encode("utf-8") == golden.read_bytes()
