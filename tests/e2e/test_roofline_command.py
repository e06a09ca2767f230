"""`profile --roofline` as users run it: the machine is measured once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Run

TINY = "input: {channels: 3, resolution: 32}\nblocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"


def test_the_machine_is_measured_once(mbconv_in_process: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def profile(*options: str) -> dict[str, Any]:
        arguments = ("profile", "-", "--device", "cpu", "--threads", "1", "--by", "role", "--roofline")
        done = mbconv_in_process(*arguments, "--format", "json", *options, stdin=TINY, MBCONV_CACHE_DIR=str(cache))
        assert (done.returncode, done.stderr) == (0, "")
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def origin(report: dict[str, Any]) -> str:
        (note,) = (note for note in report["notes"] if note.startswith("roofline: "))
        return str(note)

    first = profile()
    if "not kept, for others took" in origin(first):
        pytest.skip("others use this machine: what is measured now is not kept")
    second = profile()
    assert origin(first).endswith("; measured now")
    assert origin(second).endswith("; measured before; --recalibrate measures anew")
    assert first["sections"]["limits"] == second["sections"]["limits"]
    assert len(list(cache.iterdir())) == 1
    rows = {row["name"]: row for row in second["sections"]["roles"]["rows"]}
    assert rows.keys() == {"expand", "depthwise", "project", "norm and activation"}
    for row in rows.values():
        assert row["roofline_ms"] > 0
        assert row["bound"] in {"compute", "memory"}
    assert "; measured now" in origin(profile("--recalibrate"))
