"""The reference of files, written from their JSON Schemas: a network's YAML, a config of `check`, a report's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mbconv_cli.check.config import config_schema
from mbconv_cli.report.report_schema import report_schema
from mbconv_cli.spec.json_schema import json_schema

SCHEMAS = {
    "A network's YAML file": (json_schema, "mbconv schema"),
    "The config of `mbconv check`": (config_schema, "mbconv schema --check"),
    "A report's JSON": (report_schema, "mbconv schema --report"),
}


def reference() -> str:
    """Every key of every file, with its values and its meaning."""
    lines = ["# Files", "", "Written from the schemas that the commands print.", ""]
    for heading, (schema, command) in SCHEMAS.items():
        document = schema()
        lines += [f"## {heading}", "", f"`{command}` prints this as a JSON Schema.", "", *_table(document)]
        for name, definition in document.get("$defs", {}).items():
            if definition.get("properties"):
                lines += [f"### {name}", "", _plain(definition.get("description", "")), "", *_table(definition)]
    return "\n".join(lines)


def _table(definition: Mapping[str, Any]) -> Iterator[str]:
    required = definition.get("required", ())
    yield from ("| key | values | meaning |", "|---|---|---|")
    for key, value in definition["properties"].items():
        must = " (required)" if key in required else ""
        yield f"| `{key}`{must} | {_values(value)} | {_plain(value.get('description', ''))} |"
    yield ""


def _values(value: Mapping[str, Any]) -> str:
    """What a key may have, in a few words."""
    match value:
        case {"const": constant}:
            return f"`{constant}`"
        case {"enum": choices}:
            return ", ".join(f"`{choice}`" for choice in choices)
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"anyOf": options} | {"oneOf": options}:
            return " or ".join(dict.fromkeys(_values(option) for option in options))
        case {"type": "array", "items": dict() as items}:
            return f"list of {_values(items)}"
        case {"type": list() as kinds}:
            return " or ".join(map(str, kinds))
        case _:
            return str(value.get("type", "any value"))


def _plain(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")
