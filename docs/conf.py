"""The documentation's site: `sphinx-build -W docs build/docs`, with `pip install 'mbconv-cli[docs]'`."""

from __future__ import annotations

import sys
from pathlib import Path

from mbconv_cli import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from command_reference import reference  # noqa: E402 - it stands beside this file

(HERE / "commands.md").write_text(reference(), encoding="utf-8")  # not kept: the commands are the source

project = "mbconv"
author = "The mbconv founders"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
html_theme = "furo"
html_title = f"mbconv {release}"
exclude_patterns = ["build"]
