from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.check.config import load_config_text
from mbconv_cli.check.first_config import first_config
from mbconv_cli.check.selection import select
from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "top.yaml": NETWORK,
        "nets/a.yaml": NETWORK,
        "nets/b.yaml": "extends: ./a.yaml\n",
        "mixed/c.yml": NETWORK.replace("stride", "strid"),  # a mistake makes it no other kind of file
        "mixed/other.yml": "a: 1\n",
        "odd: name/#1 \u00fc.yaml": NETWORK,
        ".hidden/d.yaml": NETWORK,
        "venv/pyvenv.cfg": "",
        "venv/e.yaml": NETWORK,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_it_selects_every_network_and_nothing_else(folder: Path) -> None:
    text, count = first_config(folder)
    loaded = load_config_text(text, folder / "mbconv-check.yaml")
    (folder / "mbconv-check.yaml").write_text(text, encoding="utf-8")
    found = ["top.yaml", "mixed/c.yml", "nets/a.yaml", "nets/b.yaml", "odd: name/#1 \u00fc.yaml"]
    assert sorted(select(loaded, Catalogue())) == sorted(found)
    assert count == len(found)
    assert '  - "nets/*.yaml" # 2 networks' in text.splitlines()


def test_what_is_commented_out_is_valid(folder: Path) -> None:
    text, _ = first_config(folder)
    lines = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") and ":" in line else line
             for line in text.splitlines() if not line.startswith(("# What", "# Rules", "# The rules", "# from the",
             "# Networks", "# A wanted", "# Fail"))]  # fmt: skip
    config = load_config_text("\n".join(lines), folder / "c.yaml").config
    assert config.latency.processes
    assert (config.rules, len(config.accept), len(config.overrides), config.added) == ("frozen", 1, 1, "allow")


def test_where_there_is_no_network_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no network's YAML file is below"):
        first_config(tmp_path)
