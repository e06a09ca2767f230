"""Every shipped network through the whole program, in one process."""

from __future__ import annotations

import csv
import json
import re
import sys

import pytest

from mbconv_cli.cli import main
from mbconv_cli.spec.catalogue import shipped

COSTS = ("params", "macs", "flops", "bytes")


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """The output of a run that succeeds and says nothing beside it."""
    monkeypatch.setattr(sys, "argv", ["mbconv", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    return out


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("by", ["layer", "block", "stage", "role"])
def test_columns_add_up_to_the_totals(
    name: str, by: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = run(capsys, monkeypatch, "profile", name, "--no-latency", "--by", by, "--format", "json")
    document = json.loads(out)
    rows = document["sections"][f"{by}s"]["rows"]
    assert {key: document["totals"][key] for key in COSTS} == {key: sum(row[key] for row in rows) for key in COSTS}
    assert document["totals"]["peak_bytes"] == max(row["alive_bytes"] for row in rows)
    assert sum(row["macs_share"] for row in rows) == pytest.approx(1)
    assert not [key for key in (*document["totals"], *rows[0]) if "latency" in key]


@pytest.mark.parametrize("name", ["efficientnet-b0", "mobilenet-v1"])
def test_every_format_says_the_same(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("profile", name, "--no-latency", "--by", "stage")
    document = json.loads(run(capsys, monkeypatch, *arguments, "--format", "json"))
    rows = document["sections"]["stages"]["rows"]
    told = [(row["name"], row["params"], row["macs"]) for row in rows]
    lines = run(capsys, monkeypatch, *arguments, "--format", "csv").splitlines()
    assert [(row["name"], int(row["params"]), int(row["macs"])) for row in csv.DictReader(lines)] == told
    table = run(capsys, monkeypatch, *arguments)
    for row in rows:
        pattern = rf"^{re.escape(row['name'])} .* {row['params']:,} +{row['macs']:,} "
        assert re.search(pattern, table, re.MULTILINE)
    markdown = run(capsys, monkeypatch, *arguments, "--format", "markdown")
    for row in rows:
        assert f"| {row['params']:,} | {row['macs']:,} |" in markdown


def test_top_rows_and_the_rest_add_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("profile", "mobilenet-v2", "--no-latency", "--sort", "macs", "--top", "3", "--format", "json")
    document = json.loads(run(capsys, monkeypatch, *arguments))
    rows = document["sections"]["layers"]["rows"]
    assert len(rows) == 4
    assert [row["macs"] for row in rows[:3]] == sorted((row["macs"] for row in rows[:3]), reverse=True)
    assert {key: document["totals"][key] for key in COSTS} == {key: sum(row[key] for row in rows) for key in COSTS}


def test_a_batch_multiplies_what_it_should(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    totals = [
        json.loads(
            run(
                capsys, monkeypatch, "profile", "mobilenet-v2", "--no-latency", "--batch-size", size, "--format", "json"
            )
        )["totals"]
        for size in ("1", "8")
    ]
    assert totals[1]["params"] == totals[0]["params"]
    assert totals[1]["macs"] == 8 * totals[0]["macs"]
    assert totals[0]["bytes"] < totals[1]["bytes"] < 8 * totals[0]["bytes"]
