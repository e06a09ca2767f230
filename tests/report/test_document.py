from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.errors import InputError
from mbconv_cli.report.document import from_json, to_document, to_json
from mbconv_cli.report.model import SCHEMA, Better, Cell, Column, Kind, Provenance, Report, Section

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
cells: st.SearchStrategy[Cell] = (
    st.none() | st.booleans() | numbers | st.text(max_size=8) | st.lists(st.integers(), max_size=4).map(tuple)
)
keys = st.text(max_size=8)
rows = st.dictionaries(keys, cells, max_size=4)
columns = st.builds(Column, keys, keys, st.sampled_from(Kind), st.sampled_from(Better))
sections = st.builds(Section, st.lists(columns, max_size=3).map(tuple), st.lists(rows, max_size=3).map(tuple))
provenances = st.builds(Provenance, keys, keys, st.none() | keys, rows, rows)
samples = st.dictionaries(keys, st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple), max_size=2)
reports = st.builds(
    Report,
    keys,
    provenances,
    rows,
    rows,
    st.dictionaries(keys, sections, max_size=2),
    st.lists(keys).map(tuple),
    rows,
    samples,
)

REPORT = Report(
    "profile",
    Provenance("0.1.0", "as ever"),
    {"name": "tiny"},
    {"macs": 1},
    {"layers": Section((Column("name"),), ({"name": "a"},))},
)


@given(reports)
def test_a_report_survives_its_json(report: Report) -> None:
    again = from_json(to_json(report), "here")
    assert again == report
    assert to_json(again) == to_json(report)


def test_json_carries_its_schema_first_and_is_ascii() -> None:
    text = to_json(Report("é", REPORT.provenance))
    assert text.startswith('{\n  "schema": "mbconv.report/1",')
    assert text.isascii()
    assert text.endswith("}\n")


def test_the_keys_are_those_that_others_build_on() -> None:
    document = to_document(REPORT)
    assert list(document) == ["schema", "kind", "provenance", "subject", "totals", "sections", "notes"]
    assert list(document["sections"]["layers"]) == ["columns", "rows"]
    assert list(document["sections"]["layers"]["columns"][0]) == ["key", "unit", "kind", "better"]


def test_measurement_and_samples_are_written_where_there_are_some() -> None:
    measured = replace(REPORT, measurement={"complete": True}, samples={"latency_ms": (1.5, 2.0)})
    document = to_document(measured)
    assert list(document)[-3:] == ["notes", "measurement", "samples"]
    assert document["measurement"] == {"complete": True}
    assert document["samples"] == {"latency_ms": [1.5, 2.0]}


def test_a_document_without_them_is_read_as_ever() -> None:
    document = to_document(REPORT)
    assert not {"measurement", "samples"} & document.keys()
    assert from_json(json.dumps(document), "old.json") == REPORT


@pytest.mark.parametrize("taken", [3, "12", ["12"], [[1.0]], [None], [True], {"1": 1}])
def test_samples_that_are_no_times_are_refused(taken: object) -> None:
    text = json.dumps(to_document(REPORT) | {"samples": {"latency_ms": taken}})
    with pytest.raises(InputError, match="damaged report"):
        from_json(text, "baseline.json")


def test_not_a_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(Report("profile", REPORT.provenance, totals={"latency_ms": float("nan")}))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a report"),
        ("{", "not a report"),
        ("[" * 100_000, "not a report"),
        ("[]", "schema None"),
        ("{}", "schema None"),
        ("17", "schema None"),
        ('{"schema": "mbconv.report/2"}', "schema 'mbconv.report/2', expected 'mbconv.report/1'"),
        ('{"schema": ["mbconv.report/1"]}', "expected 'mbconv.report/1'"),
        ('{"schema": "mbconv.report/1"}', "damaged report"),
    ],
)
def test_what_is_no_report_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=r"^baseline\.json: ") as refusal:
        from_json(text, "baseline.json")
    assert complaint in str(refusal.value)


def damaged(*path: str | int, value: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(REPORT))
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


@pytest.mark.parametrize("value", [None, 3, "text", [], [3], {"a": {"b": 1}}, True])
@pytest.mark.parametrize(
    "path",
    [
        ("provenance",),
        ("totals",),
        ("sections",),
        ("sections", "layers"),
        ("sections", "layers", "columns"),
        ("sections", "layers", "columns", 0),
        ("sections", "layers", "columns", 0, "kind"),
        ("sections", "layers", "rows"),
        ("sections", "layers", "rows", 0),
        ("notes",),
    ],
)
def test_a_damaged_report_is_refused_or_read_as_a_report(path: tuple[str | int, ...], value: object) -> None:
    text = json.dumps(damaged(*path, value=value))
    try:
        report = from_json(text, "baseline.json")
    except InputError as refusal:
        assert str(refusal).startswith("baseline.json: damaged report: ")  # noqa: PT017 - either outcome is fine
    else:
        assert from_json(to_json(report), "again") == report


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"schema": "mbconv.report/1", "totals": {"macs": Infinity}}'])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a report"):
        from_json(text, "baseline.json")


def test_one_missing_key_is_named() -> None:
    document = json.loads(to_json(REPORT))
    del document["totals"]
    with pytest.raises(InputError, match="damaged report: KeyError: 'totals'"):
        from_json(json.dumps(document), "baseline.json")


def test_the_schema_number_is_part_of_the_contract() -> None:
    assert SCHEMA == "mbconv.report/1"
