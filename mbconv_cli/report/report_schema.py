"""The JSON Schema (2020-12) of a report's JSON, for programs that read it."""

from __future__ import annotations

from typing import Any, Final

from mbconv_cli.report.model import SCHEMA, Better, Kind

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_CELLS: Final = {"type": "object", "additionalProperties": {"$ref": "#/$defs/cell"}}


def report_schema() -> dict[str, Any]:
    """The schema as plain data; what a report may lack is not required."""
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA, "description": "the form of this document; a changed form has another number"},
        "kind": _TEXT | {"description": "which question was asked: profile, diff, check, ..."},
        "provenance": {"$ref": "#/$defs/provenance"},
        "subject": _CELLS | {"description": "what the report is about, e.g. name and input_shape [N, C, H, W]"},
        "totals": _CELLS | {"description": "figures of the whole subject, under the keys of the columns they sum"},
        "sections": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/section"},
            "description": "tables by name, in reading order",
        },
        "notes": _TEXTS | {"description": "sentences for the reader, in reading order"},
        "prose": _TEXTS | {"description": "paragraphs before the tables; drawings have several lines"},
        "measurement": _CELLS | {"description": "how it was measured, in figures"},
        "samples": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "number"}},
            "description": "raw samples in the order in which they were taken, by the key of the total they are of",
        },
    }
    parts = {"cell": _cell, "provenance": _provenance, "section": _section, "column": _column, "plot": _plot}
    return {
        "$schema": DIALECT,
        "title": "mbconv report",
        **_object(properties, optional=("prose", "measurement", "samples")),
        "$defs": {name: part() for name, part in parts.items()},
    }


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these properties and no other."""
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _cell() -> dict[str, Any]:
    whole = {"type": "array", "items": {"type": "integer"}}
    return {
        "anyOf": [{"type": ["string", "number", "boolean", "null"]}, whole],
        "description": "a value; a shape or a pair is a list of whole numbers",
    }


def _provenance() -> dict[str, Any]:
    return _object(
        {
            "mbconv": _TEXT | {"description": "the version of the program"},
            "spec_sha256": {
                "type": ["string", "null"],
                "description": "of the file; null where there is none",
            },
            "convention": _TEXT | {"description": "how MACs, FLOPs, params and bytes are counted"},
            "machine": _CELLS | {"description": "what figures of two reports are comparable by"},
            "settings": _CELLS | {"description": "the options that the figures depend on"},
        }
    )


def _section() -> dict[str, Any]:
    rows = {"type": "array", "items": _CELLS, "description": "a row lacks the key of a column where it has no value"}
    columns = {"type": "array", "items": {"$ref": "#/$defs/column"}}
    return _object({"columns": columns, "rows": rows, "plot": {"$ref": "#/$defs/plot"}}, optional=("plot",))


def _column() -> dict[str, Any]:
    return _object(
        {
            "key": _TEXT | {"description": "of its cells; KEY_low and KEY_high are the ends of KEY's interval"},
            "unit": _TEXT | {"description": "of its cells; empty where they have none, or each row names its own"},
            "kind": {"enum": [kind.value for kind in Kind], "description": "exact figures are compared by equality"},
            "better": {"enum": [better.value for better in Better], "description": "the better direction of a figure"},
        }
    )


def _plot() -> dict[str, Any]:
    numbers = {"type": "array", "items": {"type": "number"}}
    return _object(
        {
            "x": _TEXT | {"description": "the key along the horizontal axis"},
            "y": _TEXTS | {"description": "the keys of the curves"},
            "level": {"type": ["number", "null"], "description": "a value of y to compare with"},
            "marks": numbers | {"description": "values of x that matter"},
            "by": _TEXT | {"description": "the key whose values part the points into groups"},
            "rows": {
                "type": "array",
                "items": _CELLS,
                "description": "the points, if not the section's rows",
            },
            "front": {"type": ["string", "boolean"], "description": "the value of `by` whose points are a front"},
        },
        optional=("by", "rows", "front"),
    )
