"""The documentation's site: `sphinx-build -W docs build/docs`, with `pip install 'mbconv-cli[docs]'`."""

from __future__ import annotations

import sys
from pathlib import Path

from mbconv_cli import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import command_reference  # noqa: E402 - it stands beside this file
import schema_reference  # noqa: E402 - likewise

# Neither is kept: the commands and the schemas are the source.
(HERE / "commands.md").write_text(command_reference.reference(), encoding="utf-8")
(HERE / "files.md").write_text(schema_reference.reference(), encoding="utf-8")

project = "mbconv"
author = "The mbconv founders"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
html_theme = "furo"
html_title = f"mbconv {release}"
exclude_patterns = ["build"]
