"""Spec -> YAML text: any network, shipped or derived, as a complete file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.spec import Spec
from mbconv_cli.yaml.core_schema import resolve_scalar

PAIRS: Final = ("stride", "resolution", "dilation", "first_dilation", "reduction", "tested_at")


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads: a word that 1.2 would take for a number is quoted."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if _is_plain(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_plain(text: str) -> bool:
    try:
        return isinstance(resolve_scalar(text), str)
    except ValueError:
        return False


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)


def to_yaml(spec: Spec, *, unicode: bool = True) -> str:
    """The whole Spec, each section and row on a line; `extends` is resolved, and rows leave out what is default.

    Reading it back gives an equal Spec.

    Args:
        spec: what to write.
        unicode: whether the text may have any character; else those beyond ASCII are escaped as YAML does it.
    """
    data: dict[str, Any] = {}
    for key, value in spec.model_dump(mode="json", exclude_none=True, exclude={"blocks"}).items():
        data[key] = _section(value) if isinstance(value, dict) else value
        if key == "scaling":
            data |= {"stem": None, "blocks": [_row(row) for row in spec.blocks]}
    written = {key: value for key, value in data.items() if value not in (None, [])}
    return yaml.dump(written, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=unicode)


def short_yaml(data: Mapping[str, Any]) -> str:
    """A network's keys and values as a person writes them: a section, and a row, on a line of its own.

    Args:
        data: as a file has it; rows in a list of their own are those of one stage.
    """
    lines: list[str] = []
    opening = next((key for key in data if key in {"stem", "blocks", "head", "classifier"}), "")
    for key, value in data.items():
        if lines and key in {opening, "expect"}:
            lines.append("")
        if key == "set":
            lines += ["set:", *(f"  {path}: {_inline(one)}" for path, one in value.items())]
            continue
        if key != "blocks":
            lines.append(f"{key}: {_inline(value)}")
            continue
        lines.append("blocks:")
        for row in value:
            of_stage = row if isinstance(row, list) else [row]
            first, rest = ("  - - ", "    - ") if isinstance(row, list) else ("  - ", "")
            lines += [f"{rest if index else first}{_inline(one)}" for index, one in enumerate(of_stage)]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    """A value on one line."""
    flow = _section(value) if isinstance(value, dict) else value
    text: str = yaml.dump(flow, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _row(row: BlockRow) -> _Flow:
    return _section({"type": row.type} | row.model_dump(mode="json", exclude_defaults=True))


def _section(mapping: Mapping[str, Any]) -> _Flow:
    return _Flow({key: _value(key, value) for key, value in mapping.items()})


def _value(key: str, value: Any) -> Any:
    """One number in place of two equal ones."""
    if isinstance(value, dict):
        return _section(value)
    is_pair = key in PAIRS and isinstance(value, list) and value[0] == value[1]
    return value[0] if is_pair else value
