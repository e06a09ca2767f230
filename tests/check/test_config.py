from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.check.config import config_schema, load_config, load_config_text
from mbconv_cli.check.run_check import faulty_config
from mbconv_cli.errors import InputError
from mbconv_cli.quantities import BYTE_UNITS, COUNT_UNITS, MILLISECOND_UNITS, parse_quantity, parse_share
from mbconv_cli.report.verdict import Level
from mbconv_cli.yaml.yaml_text import read_yaml

FULL = """\
networks: ["architectures/*.yaml", efficientnet-b0]
metrics:
  params: {max_increase: 0}
  macs: {max_increase: 2%, level: warn}
  latency_ms: {max_increase: 3%}
overrides:
  - match: "mobilenet-*"
    metrics: {params: {max: 5.5M}, latency_ms: {max: 25 ms, level: off}}
  - match: "*-v3-*"
    metrics: {params: {max: 2.6M, level: warn}}
missing: allow
baseline: mbconv-baseline.json
latency: {processes: 12, margin: 2%, threads: 1}
"""


def told(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        load_config_text(text, Path("c.yaml"))
    return list(refused.value.sentences)


def test_later_overrides_go_over_earlier_ones_key_by_key() -> None:
    config = load_config_text(FULL, Path("c.yaml")).config
    plain, v2, v3 = (config.rules_of(name) for name in ("resnet-50", "mobilenet-v2", "mobilenet-v3-small"))
    assert plain["params"].max is None
    assert plain["macs"].level is Level.WARN
    assert (v2["params"].max.value, v2["params"].max_increase.value) == (5_500_000, 0)  # type: ignore[union-attr]
    assert v2["latency_ms"].level is Level.OFF
    assert v2["latency_ms"].max_increase.value == Fraction(3, 100)  # type: ignore[union-attr]
    assert (v3["params"].max.value, v3["params"].level) == (2_600_000, Level.WARN)  # type: ignore[union-attr]
    assert config.latency.margin.value == Fraction(1, 50)


def test_the_schema_takes_what_the_loader_takes() -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read_yaml(FULL, "c.yaml").data, schema)
    for wrong in ("networks: []", "networks: [a]\nmetrics: {params: {max: 5 X}}", "networks: [a]\nmissing: no"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(read_yaml(wrong, "c.yaml").data, schema)
        assert told(wrong)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("metrics: {}", "c.yaml:1:1: the file: the key 'networks' is missing"),
        ("network: [a]\nnetworks: [a]", "c.yaml:1:1: unknown key 'network'; did you mean 'networks'?"),
        (
            "networks: [a]\nmetrics:\n  parms: {max: 1}",
            "c.yaml:3:3: unknown key 'parms'; did you mean 'params'?",
        ),
        (
            "networks: [a]\noverrides:\n  - match: b\n    metrics: {macs: {maximum: 1}}",
            "c.yaml:4:22: unknown key 'maximum'; did you mean 'max'?",
        ),
        (
            "networks: [a]\nmetrics: {macs: {max_increase: 2}}",
            "c.yaml:2:32: max_increase: should be a percentage such as 2%, or 0; got 2",
        ),
        (
            "networks: [a]\nmetrics: {macs: {max: 25 ms}}",
            "c.yaml:2:23: max: should be a quantity such as 5.3M, in one of the units k, M, G, T; got '25 ms'",
        ),
        ("networks: [a]\nmetrics: {macs: {level: fatal}}", "c.yaml:2:25: level: should be 'error', 'warn' or 'off'"),
        ("networks: [a]\nlatency: {processes: 2}", "c.yaml:2:22: processes: should be at least 3; got 2"),
        ("", "c.yaml: the file is empty; a config needs at least `networks`"),
        ("[1]", "c.yaml:1:1: a config is a mapping of keys"),
        ("networks: [", "c.yaml:2:1: not YAML"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, problem: str) -> None:
    (first, *_) = told(text)
    assert first.startswith(problem)


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"c\.yaml: No such file"):
        load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("written", "value"),
    [("5.3M", 5_300_000), ("390M", 390_000_000), (1000, 1000), ("0.1k", 100), (2.5, Fraction(5, 2)), ("1 G", 10**9)],
)
def test_counts(written: object, value: Fraction) -> None:
    assert parse_quantity(written, COUNT_UNITS, "5.3M").value == value


def test_bytes_and_times() -> None:
    assert parse_quantity("20 MiB", BYTE_UNITS, "").value == 20 * 2**20
    assert parse_quantity("20 MB", BYTE_UNITS, "").value == 20 * 10**6
    assert parse_quantity("25 ms", MILLISECOND_UNITS, "").value == 25
    assert parse_quantity("0.5 s", MILLISECOND_UNITS, "").value == 500


@pytest.mark.parametrize("written", ["", "-1", "M", "1e3", "5.3 m", True, None, [1], -1, 1e300, float("nan"), "٣M"])
def test_no_quantities(written: object) -> None:
    with pytest.raises(ValueError, match="should be a quantity"):
        parse_quantity(written, COUNT_UNITS, "5.3M")


@given(st.integers(0, 10**9 - 1), st.integers(0, 999))
def test_percentages_are_exact(whole: int, thousandths: int) -> None:
    share = parse_share(f"{whole}.{thousandths:03d}%")
    assert share.value == (whole + Fraction(thousandths, 1000)) / 100


@pytest.mark.parametrize("written", [1, 0.02, "2", "-2%", "%", True, False, None])
def test_no_percentages(written: object) -> None:
    with pytest.raises(ValueError, match="should be a percentage"):
        parse_share(written)


def test_each_mistake_of_a_config_is_a_row_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "networks: [a]\nmetrics: {parms: {max: 1}}\noverrides: [{mach: a, metrics: {}}]\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as raised:
        load_config(path)
    checked = faulty_config(path, raised.value)
    assert checked is not None
    rows = checked.report.sections["checks"].rows
    assert [(row["verdict"], row["line"]) for row in rows] == [("error", 2), ("error", 3), ("error", 3)]
    assert checked.report.totals["errors"] == 3
    assert faulty_config(path, InputError("no such revision")) is None
