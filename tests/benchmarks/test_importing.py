"""The benchmark of `mbconv import`: a row for each network, and how many became tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import importing as benchmark
import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.op_kinds import AtenCall
from mbconv_cli.plan.ops import Plan

TABLE = Path(benchmark.__file__).parent / "results" / "importing.csv"


def test_every_network_of_the_table_was_imported_in_a_short_file_or_its_first_op_is_named() -> None:
    rows = benchmark.rows_in(TABLE).values()
    done = [row for row in rows if row["imported"] == "True"]
    assert len(done) >= 0.8 * len(rows)
    assert all(0 < int(row["lines"]) <= 60 for row in done)
    assert all("no block type has" in row["why"] for row in rows if row not in done)
    families = [row for row in rows if row["family"] in benchmark.FAMILY]
    assert sum(row in done for row in families) >= 0.9 * len(families)


def test_a_network_becomes_a_table_or_says_what_resisted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = open_network("mobilenet-v2").plan
    odd = Plan("odd", plan.input_shape, (plan.ops[0]._replace(kind=AtenCall("fft")),), ())
    plans = {"timm:a": plan, "timm:b": odd}
    monkeypatch.setattr(benchmark, "plan_of_code", lambda code: plans[code.text])
    rows = [benchmark.examine("efficientnet", name, tmp_path) for name in plans]
    assert [row.imported for row in rows] == [True, False]
    assert "fft" in rows[1].why
    plans.clear()  # both are kept
    assert benchmark.examine("efficientnet", "timm:a", tmp_path).lines == rows[0].lines
    written = [{key: str(value) for key, value in asdict(row).items()} for row in rows]
    path = tmp_path / "rows.csv"
    benchmark.write(path, written)
    assert list(benchmark.rows_in(path).values()) == written
    assert "the MBConv families: 1 of 2 (50.0%)" in benchmark.summary(written)
