"""Networks of timm's that do not ship, written down from timm's tables alone: each must be exact to timm's module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.verify import Checks, verify

FILES: Final = sorted((Path(__file__).parent / "networks").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_the_peers_network(file: Path) -> None:
    pytest.importorskip("timm", reason="nothing to compare with")
    verification = verify([open_network(str(file))], Checks(), lambda _: None)
    assert verification.problems == ()
    (row,) = verification.report.sections["networks"].rows
    checks = ("expect", "fvcore", "peer_count", "forward", "verdict")
    assert {check: row[check] for check in checks} == dict.fromkeys(checks, "agrees")


def test_there_are_such_files() -> None:
    assert len(FILES) >= 3
