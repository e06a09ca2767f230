"""The committed table of captured networks: what it shows, and how it is summed up."""

from __future__ import annotations

from pathlib import Path

import zoo

TABLE = Path(zoo.__file__).parent / "results" / "zoo.csv"


def test_every_network_of_the_table_is_captured_and_counted_as_torch_does() -> None:
    rows = zoo.rows_in(TABLE).values()
    assert len(rows) >= 100
    assert all(row["captured"] == "True" for row in rows)
    assert all(row["macs"] == row["counter_macs"] and not row["unknown"] for row in rows)
    assert all(int(row["module_params"]) == int(row["params"]) + int(row["unread_params"]) for row in rows)


def test_the_summary_counts_what_differs() -> None:
    row = {"captured": "True", "seconds": "1.5", "params": "1", "module_params": "2", "macs": "3", "counter_macs": "3"}
    lines = zoo.summary([{**row, "unknown": "fft"}, {**row, "captured": "False", "unknown": ""}]).splitlines()
    assert lines[0] == "1 of 2 captured, in 3 s"
    assert lines[1:] == [
        "params equal to the module's: 0 of 1",
        "MACs equal to half of FlopCounterMode's: 1 of 1",
        "calls in no table: fft",
    ]
