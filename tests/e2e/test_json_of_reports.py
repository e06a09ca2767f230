"""What every command writes as JSON is what `mbconv schema --report` describes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import typer

from mbconv_cli.cli import TASKS, app
from mbconv_cli.report.report_schema import report_schema
from tests.e2e.conftest import Run

NETWORK: Final = "{input: {resolution: 32}, stem: {output_filters: 8}, classifier: {num_classes: 10}}\n"
CONFIG: Final = "networks: [net.yaml]\nmetrics: {params: {max: 1000000}, macs: {max: 1}}\n"
RUNS: Final[dict[str, tuple[str, ...]]] = {
    "list": ("",),
    "show": ("mobilenet-v3-small --scaling", "net.yaml"),
    "profile": (
        "mobilenet-v3-small --no-latency",
        "mobilenet-v3-small --no-latency --by layer --top 3",
        "net.yaml --processes 1 --max-time 1 --threads 1",
        "net.yaml --batch-size 1,2 --processes 1 --max-time 1 --threads 1",
    ),
    "explain": ("mbconv", "mobilenet-v2", "mobilenet-v2#stages.2.1"),
    "diff": ("mobilenet-v2 mobilenet-v3-small",),
    "compare-kernels": ("--n 8", "--n 4..8 --m 16", "--in-network mnasnet-a1"),
    "compare-blocks": ("--in 16 --out 16 --resolution 14",),
    "ablate": ("mobilenet-v3-small",),
    "frontier": ("mobilenet-v2 mobilenet-v3-large --x macs --budget macs=400M",),
    "sweep": ("mobilenet-v3-small --vary scaling.width=0.5,1.0",),
    "check": ("", "--plan"),
    "history": ("net.yaml",),
    "verify": ("bottleneck-v3-se-last",),
    "env": ("",),
}
"""The commands that write reports, each with what makes its forms of a report."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    return report_schema()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "mbconv-check.yaml").write_text(CONFIG, encoding="utf-8")
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "a network")):
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("line", [f"{name} {one}".strip() for name, forms in RUNS.items() for one in forms])
def test_every_report_is_as_the_schema_says(line: str, schema: dict[str, Any], mbconv_in_process: Run) -> None:
    done = mbconv_in_process(*line.split(), "--format", "json")
    assert done.returncode in {0, 1}, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema)
    for name, section in document["sections"].items():
        keys = {column["key"] for column in section["columns"]}
        assert {key for row in section["rows"] for key in row} <= keys, name


def test_no_command_that_writes_reports_is_left_out() -> None:
    group: Any = typer.main.get_command(app)
    context = group.make_context("mbconv", ["list"], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for names in TASKS.values() for name in names}
    with_reports = {
        name
        for name, command in commands.items()
        if any(option.name == "output_format" for option in command.get_params(context))
    }
    assert with_reports == set(RUNS)


@pytest.mark.parametrize(
    ("change", "place"),
    [({"schema": "mbconv.report/2"}, "schema"), ({"more": 1}, ""), ({"totals": {"macs": [1.5]}}, "totals")],
)
def test_what_is_no_report_is_refused(change: dict[str, Any], place: str, schema: dict[str, Any]) -> None:
    report = {
        "schema": "mbconv.report/1",
        "kind": "profile",
        "provenance": {"mbconv": "1", "spec_sha256": None, "convention": "c", "machine": {}, "settings": {}},
        "subject": {},
        "totals": {},
        "sections": {},
        "notes": [],
    }
    jsonschema.validate(report, schema)
    with pytest.raises(jsonschema.ValidationError) as refused:
        jsonschema.validate(report | change, schema)
    assert place in (str(refused.value.json_path) or place)
