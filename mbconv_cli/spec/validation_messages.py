"""A schema's complaint -> one sentence that says where, what, and what would be valid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mbconv_cli.errors import Mark
from mbconv_cli.spec.rows import DEFAULT_TYPE, ROW_TYPES
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.spellings import ROW_SPELLINGS
from mbconv_cli.spec.synonyms import KEYS, VALUES, suggestion
from mbconv_cli.yaml.quotes import shorten, shown
from mbconv_cli.yaml.yaml_text import Document, Finding, Path

# The schema's words for a shape of value, and those of a file's reader.
_WORDS: Final[Mapping[str, str]] = {
    "a valid tuple": "a list",
    "valid integer": "whole number",
    "valid ": "",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    " after validation": "",
}
_STRING_ROW: Final = "ir_r1_k3_s1_e6_c16"


def findings(errors: Iterable[ErrorDetails], document: Document, schema: type[BaseModel] = Spec) -> Iterator[Finding]:
    """Each error as its place, and what is wrong there and what would be valid."""
    for error in errors:
        path = _path(error["loc"])
        if len(path) == 2 and path[0] == "blocks" and isinstance(error["input"], str | list):
            continue  # its notation is reported already, by who translates rows
        yield _mark(error, path, document), _sentence(error, path, document, schema)


def valid_keys(path: Path, document: Document, schema: type[BaseModel] = Spec) -> list[str]:
    """The keys that the mapping at the path may have; none if no mapping belongs there."""
    if not path:
        return [*(["extends", "set"] if schema is Spec else ()), *schema.model_fields]
    if path[0] == "blocks" and len(path) == 2:
        row = document.data["blocks"][path[1]]
        return [*_row_model(row).model_fields, *(spelling.published for spelling in ROW_SPELLINGS)]
    model = _model_at(path, document, schema)
    return list(model.model_fields) if model else []


def subject(path: Path) -> str:
    """What the reader knows the value as: its key; a row by its number; a number of a pair by the pair's key."""
    match path:
        case ():
            return "the file"
        case ("blocks", int(index)):
            return f"row {index + 1}"
        case (*_, str(key), int()):
            return key
    return str(path[-1])


def _model_at(path: Path, document: Document, schema: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the mapping at the path, if one belongs there."""
    model: type[BaseModel] | None = schema
    if path[0] == "blocks":
        model, path = (_row_model(document.data["blocks"][path[1]]), path[2:]) if len(path) > 1 else (None, ())
    for key in path:
        if isinstance(key, int):
            continue  # a list of mappings: its field's annotation names their model
        field = model.model_fields.get(key) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one model that an annotation such as `Stem | None` names, if it names one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _row_model(row: Mapping[str, Any]) -> type[BaseModel]:
    return ROW_TYPES.get(str(row.get("type")), ROW_TYPES[DEFAULT_TYPE])


def _mark(error: ErrorDetails, path: Path, document: Document) -> Mark:
    match error["type"]:
        case "extra_forbidden":
            return document.key_mark(path)
        case "union_tag_invalid" | "union_tag_not_found":
            return document.mark((*path, "type"))
    return document.mark(path)


def _path(location: tuple[str | int, ...]) -> Path:
    """The path in the document: pydantic names a union's branch too, right after a row's index."""
    if len(location) > 2 and location[0] == "blocks":
        return (*location[:2], *location[3:])
    return location


def _sentence(error: ErrorDetails, path: Path, document: Document, schema: type[BaseModel]) -> str:
    key, got = subject(path), shown(error["input"])
    match error["type"]:
        case "extra_forbidden":
            valid = valid_keys(path[:-1], document, schema)
            hint = suggestion(str(path[-1]), valid, KEYS) or f"; valid are {', '.join(valid)}"
            return f"unknown key {shorten(repr(path[-1]))}{hint}"
        case "missing":
            return f"{subject(path[:-1])}: the key {key!r} is missing"
        case "union_tag_invalid" | "union_tag_not_found" if isinstance(error["input"], dict):
            tag = error["input"]["type"]
            hint = suggestion(str(tag), ROW_TYPES, VALUES) or f"; valid are {', '.join(ROW_TYPES)}"
            return f"unknown block type {shown(tag)}{hint}"
        case "value_error":
            reason = error["msg"].removeprefix("Value error, ")
            return f"{key}: {reason}" if isinstance(error["input"], dict) else f"{key}: {reason}; got {got}"
        case "string_pattern_mismatch" if not str(error["input"]).isprintable():
            return f"{key}: should have no control characters; got {got}"
        case "model_type" if path[:-1] == ("blocks",):
            return f"{key}: should be a mapping of keys to values, or a string as {_STRING_ROW}; got {got}"
        case "model_type" | "dict_type" | "model_attributes_type" | "union_tag_not_found":
            return f"{key}: should be a mapping of keys to values; got {got}"
        case "literal_error":
            near = suggestion(str(error["input"]), re.findall(r"'([^']*)'", error["msg"]), VALUES)
            return f"{key}: {_wanted(error['msg'])}; got {got}{near}"
    return f"{key}: {_wanted(error['msg'])}; got {got}"


def _wanted(message: str) -> str:
    wanted = re.sub(r"^(Input|Value|String|Tuple) ", "", message)
    for word, plain in _WORDS.items():
        wanted = wanted.replace(word, plain)
    return wanted
