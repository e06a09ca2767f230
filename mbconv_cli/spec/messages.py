"""A schema's complaint -> one sentence that says where, what, and what would be valid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from pydantic_core import ErrorDetails

from mbconv_cli.errors import did_you_mean
from mbconv_cli.spec.network import Spec
from mbconv_cli.spec.rows import DEFAULT_TYPE, ROW_TYPES
from mbconv_cli.spec.spellings import ROW_SPELLINGS
from mbconv_cli.spec.values import Frozen
from mbconv_cli.spec.yaml_text import Document, Finding, Path

_LONGEST_VALUE: Final = 40


def findings(errors: Iterable[ErrorDetails], document: Document) -> Iterator[Finding]:
    """Each error as its place, and what is wrong there and what would be valid."""
    for error in errors:
        path = _path(error["loc"])
        by_key = error["type"] == "extra_forbidden"
        yield document.key_mark(path) if by_key else document.mark(path), _sentence(error, path, document)


def valid_keys(path: Path, document: Document) -> list[str]:
    """The keys that the mapping at the path may have; none if the value there is no mapping."""
    match path:
        case ():
            return ["extends", *Spec.model_fields]
        case ("blocks", int(index)):
            row_type = document.data["blocks"][index].get("type", DEFAULT_TYPE)
            model = ROW_TYPES.get(str(row_type), ROW_TYPES[DEFAULT_TYPE])
            return [*model.model_fields, *(spelling.published for spelling in ROW_SPELLINGS)]
    section = _section(path)
    return list(section.model_fields) if section else []


def _section(path: Path) -> type[Frozen] | None:
    """The model of the mapping at a path outside of the rows."""
    model: type[Frozen] | None = Spec
    for key in path:
        field = model.model_fields.get(str(key)) if model else None
        around = field.annotation if field else None
        candidates = [around, *get_args(around)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, Frozen)), None)
    return model


def _path(location: tuple[str | int, ...]) -> Path:
    """The path in the document: pydantic names a union's branch too, right after a row's index."""
    if len(location) > 2 and location[0] == "blocks":
        return (*location[:2], *location[3:])
    return location


def _sentence(error: ErrorDetails, path: Path, document: Document) -> str:
    key = _key(path)
    match error["type"]:
        case "extra_forbidden":
            valid = valid_keys(path[:-1], document)
            return f"unknown key {key!r}" + (did_you_mean(key, valid) or f"; valid are {', '.join(valid)}")
        case "missing":
            around = ".".join(map(str, path[:-1])) or "the file"
            return f"{around}: the key {key!r} is missing"
        case "union_tag_invalid":
            tag = error.get("ctx", {}).get("tag", "")
            return f"unknown block type {tag!r}" + (did_you_mean(str(tag), ROW_TYPES) or f"; valid are {_list()}")
        case "value_error":
            reason = error["msg"].removeprefix("Value error, ")
            return reason if isinstance(error["input"], dict) else f"{key}: {reason}; got {_shown(error['input'])}"
        case "string_pattern_mismatch":
            return f"{key}: should have no control characters; got {_shown(error['input'])}"
        case "model_type" | "dict_type" | "model_attributes_type" | "union_tag_not_found":
            return f"{key}: should be a mapping of keys to values; got {_shown(error['input'])}"
    wanted = re.sub(r"^(Input|Value|String|Tuple) ", "", error["msg"])
    near = ""
    if error["type"] == "literal_error":
        near = did_you_mean(str(error["input"]), re.findall(r"'([^']*)'", error["msg"]))
    return f"{key}: {wanted}; got {_shown(error['input'])}{near}"


def _key(path: Path) -> str:
    """What the reader knows the value as: its key; a row by its number; a number of a pair by the pair's key."""
    match path:
        case ():
            return "the file"
        case ("blocks", int(index)):
            return f"row {index + 1}"
        case (*_, str(key), int()):
            return key
    return str(path[-1])


def _list() -> str:
    return ", ".join(ROW_TYPES)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple) and len(value) > 4:
        return "a list"
    if value is None:
        return "nothing"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
