"""The JSON Schema (2020-12) of a network's file, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from mbconv_cli.report.report_schema import DIALECT
from mbconv_cli.spec.extends import NOT_INHERITED
from mbconv_cli.spec.notation import EFFICIENTNET, TIMM, Notation
from mbconv_cli.spec.row_keys import AnyRow
from mbconv_cli.spec.rows import ROW_TYPES
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.spellings import ROW_SPELLINGS
from mbconv_cli.spec.values import Stride


def json_schema() -> dict[str, Any]:
    """The schema as plain data: the Spec's own, plus what the loader adds (`extends`, `set`, published spellings)."""
    schema = Spec.model_json_schema(mode="validation")
    definitions = schema["$defs"]
    definitions["Stride"] = TypeAdapter(Stride).json_schema()
    for model in ROW_TYPES.values():
        _add_spellings(definitions[model.__name__])
        definitions[model.__name__]["properties"]["type"]["description"] = f"block type. {_summary(model)}"
    definitions["Expect"]["anyOf"] = [{"required": ["params", "macs", "source"]}, {"required": ["peer"]}]
    definitions["Expect"]["dependentRequired"] = {
        "params": ["macs", "source"], "macs": ["params", "source"], "source": ["params", "macs"]
    }  # fmt: skip
    # A file that extends another may leave to that one what it does not change.
    on_its_own = _take_required(schema, definitions, NOT_INHERITED)
    on_its_own["required"] = ["input"]
    schema["if"], schema["then"] = {"not": {"required": ["extends"]}}, on_its_own
    schema["properties"]["extends"] = {
        "type": "string",
        "minLength": 1,
        "description": "name or path of a network that this one changes; mappings are merged, the rest is replaced",
    }
    schema["properties"]["set"] = {
        "type": "object",
        "propertyNames": {"pattern": r"^[A-Za-z_][\w.\[\]*:-]*$"},
        "description": "single values that differ from those of the network that is extended, each by its path as "
        "`--set` takes it, e.g. blocks[2].num_repeat: 23",
    }
    schema["dependentRequired"] = {"set": ["extends"]}
    blocks = schema["properties"]["blocks"]
    row = {"anyOf": [blocks["items"], _string_row()]}
    of_a_stage = {"type": "array", "items": row, "minItems": 1, "description": "rows that are joined"}
    blocks["items"] = {"anyOf": [*row["anyOf"], of_a_stage]}
    pasted = {"type": "string", "pattern": r"[\[(]", "description": "rows as Python text, as timm's `arch_def = [...]`"}
    listed = {key: blocks.pop(key) for key in ("type", "items", "maxItems")}
    blocks["anyOf"] = [listed | {"description": "the rows of the table"}, pasted]
    return {"$schema": DIALECT, "title": "mbconv network", **{k: v for k, v in schema.items() if k != "title"}}


def _add_spellings(row: dict[str, Any]) -> None:
    for spelling in ROW_SPELLINGS:
        row["properties"][spelling.published] = spelling.schema | {"description": f"published name of {spelling.key}"}
        row.setdefault("allOf", []).append({"not": {"required": [spelling.published, spelling.key]}})


def _summary(model: type[AnyRow]) -> str:
    return (model.__doc__ or "").partition("\n")[0]


def _string_row() -> dict[str, Any]:
    kinds = [_pattern(rf"{name}(?=_)", notation) for name, notation in TIMM.items()]
    return {
        "type": "string",
        "pattern": f"^(?:{'|'.join([_pattern('', EFFICIENTNET), *kinds])})$",
        "description": "a row as one string, in EfficientNet's or timm's notation",
    }


def _pattern(start: str, notation: Notation) -> str:
    """What matches a row in a notation: the tokens that it needs in any order, and no others."""
    needed = "".join(rf"(?=.*(?:^|_){letters}[0-9])" for letters in notation.required)
    tokens = [rf"{letters}[0-9][0-9.]*" for letters in notation.tokens] + list(notation.flags)
    first = "" if start else r"(?=r[0-9])"
    return rf"{needed}{first}{start}(?:(?:^|_)(?:{'|'.join(tokens)})(?=_|$))+"


def _take_required(
    definition: dict[str, Any], definitions: dict[str, Any], kept: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The keys that a mapping and the mappings in it need, as a schema of its own; they are taken out of theirs."""
    taken: dict[str, Any] = {}
    required = definition.pop("required", None)
    if required:
        taken["required"] = required
    for key, value in definition["properties"].items():
        section = None if key in kept else _section(value, definitions)
        needs = _take_required(section, definitions) if section else None
        if needs:
            taken.setdefault("properties", {})[key] = needs
    return taken


def _section(value: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """The definition of the mapping that a key's value may be, or None."""
    for choice in (value, *value.get("anyOf", ())):
        if "$ref" in choice:
            section: dict[str, Any] = definitions[choice["$ref"].removeprefix("#/$defs/")]
            return section
    return None
