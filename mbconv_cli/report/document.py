"""A Report as the JSON document that others build on, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mbconv_cli.errors import InputError
from mbconv_cli.report.model import SCHEMA, Better, Cell, Column, Kind, Plot, Provenance, Report, Row, Section


def to_json(report: Report) -> str:
    """The report as JSON text in ASCII, with a final newline: any stream can take it, and no terminal obeys it.

    Nor does GitHub's runner, to which `##[` is a command wherever it stands; in JSON it stands in strings only.
    """
    text = json.dumps(to_document(report), indent=2, allow_nan=False) + "\n"
    return text.replace("##[", "\\u0023#[")


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain dictionaries and lists, as JSON writes them."""
    provenance = {
        "mbconv": report.provenance.mbconv,
        "spec_sha256": report.provenance.spec_sha256,
        "convention": report.provenance.convention,
        "machine": dict(report.provenance.machine),
        "settings": dict(report.provenance.settings),
    }
    measurement = {"measurement": dict(report.measurement)} if report.measurement else {}
    samples = {"samples": {key: list(taken) for key, taken in report.samples.items()}} if report.samples else {}
    document = {
        "schema": SCHEMA,
        "kind": report.kind,
        "provenance": provenance,
        "subject": dict(report.subject),
        "totals": dict(report.totals),
        "sections": {key: _section_document(section) for key, section in report.sections.items()},
        "notes": list(report.notes),
    }
    prose = {"prose": list(report.prose)} if report.prose else {}
    return document | measurement | samples | prose


def from_json(text: str, origin: str) -> Report:
    """The report that `to_json` wrote.

    Args:
        text: the JSON text.
        origin: the name of its file, for messages.

    Raises:
        InputError: the text is no JSON, no report, or a report of a newer schema.
    """
    try:
        document = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except ValueError as error:
        raise InputError(f"{origin}: not a report: {error}") from error
    except RecursionError as error:
        raise InputError(f"{origin}: not a report: nested too deeply") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else None
        raise InputError(f"{origin}: not a report that this version reads: schema {found!r}, expected {SCHEMA!r}")
    try:
        return _report(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{origin}: damaged report: {type(error).__name__}: {error}") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _finite(written: str) -> float:
    """A number of a file, which may be written larger than a float can be."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is larger than a number can be")
    return number


def _section_document(section: Section) -> dict[str, Any]:
    columns = [
        {"key": column.key, "unit": column.unit, "kind": column.kind.value, "better": column.better.value}
        for column in section.columns
    ]
    document: dict[str, Any] = {"columns": columns, "rows": [dict(row) for row in section.rows]}
    return document | ({"plot": _plot_document(section.plot)} if section.plot else {})


def _plot_document(plot: Plot) -> dict[str, Any]:
    document = asdict(plot)
    return {key: value for key, value in document.items() if value is not None or key == "level"}


def _report(document: Mapping[str, Any]) -> Report:
    provenance = document["provenance"]
    return Report(
        kind=str(document["kind"]),
        provenance=Provenance(
            mbconv=str(provenance["mbconv"]),
            convention=str(provenance["convention"]),
            spec_sha256=provenance["spec_sha256"],
            machine=_cells(provenance["machine"]),
            settings=_cells(provenance["settings"]),
        ),
        subject=_cells(document["subject"]),
        totals=_cells(document["totals"]),
        sections={str(key): _section(section) for key, section in document["sections"].items()},
        notes=tuple(str(note) for note in document["notes"]),
        measurement=_cells(document.get("measurement", {})),
        samples={str(key): _numbers(taken) for key, taken in document.get("samples", {}).items()},
        prose=tuple(str(part) for part in document.get("prose", [])),
    )


def _section(document: Mapping[str, Any]) -> Section:
    columns = tuple(
        Column(str(column["key"]), str(column["unit"]), Kind(column["kind"]), Better(column["better"]))
        for column in document["columns"]
    )
    return Section(columns, tuple(_cells(row) for row in document["rows"]), _plot(document.get("plot")))


def _plot(document: Mapping[str, Any] | None) -> Plot | None:
    if document is None:
        return None
    level = document["level"]
    return Plot(
        x=str(document["x"]),
        y=tuple(str(key) for key in document["y"]),
        level=None if level is None else float(level),
        marks=tuple(float(mark) for mark in document["marks"]),
        by=None if document.get("by") is None else str(document["by"]),
        front=_front(document.get("front")),
        rows=None if document.get("rows") is None else tuple(_cells(row) for row in document["rows"]),
    )


def _front(value: object) -> str | bool | None:
    if value is None or isinstance(value, str | bool):
        return value
    raise TypeError(f"a front cannot be a {type(value).__name__}")


def _cells(row: Mapping[str, Any]) -> Row:
    return {str(key): _cell(value) for key, value in row.items()}


def _cell(value: object) -> Cell:
    if isinstance(value, list):
        return tuple(int(size) for size in value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a cell cannot be a {type(value).__name__}")


def _numbers(taken: object) -> tuple[float, ...]:
    if not isinstance(taken, list) or not all(type(number) in {int, float} for number in taken):
        raise TypeError("samples are numbers in a list")
    return tuple(map(float, taken))
