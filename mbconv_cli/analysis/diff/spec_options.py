"""What a spec, or a part of it, says under which key, and what two of them say differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from mbconv_cli.analysis.diff.sequences import align
from mbconv_cli.plan.blocks.registry import describe
from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Spec
from mbconv_cli.spec.values import Rectangle
from mbconv_cli.spec.yaml_writer import PAIRS

NOT_OF_THE_ROW: Final = frozenset({"input_filters"})
"""What follows from the row before, and may be said as well."""
NONE: Final = "none"
NOT_SET: Final = "not set"


class Change(NamedTuple):
    """An option, and its two values as YAML writes them; `not set` where one is absent, `none` for a row."""

    option: str
    base: str
    head: str

    def __str__(self) -> str:
        return f"{self.option} {self.base} -> {self.head}"


@dataclass(frozen=True, slots=True)
class Options:
    """The values under their keys, and which of them are what a spec need not say."""

    values: Mapping[str, Any]
    defaults: frozenset[str] = frozenset()


def options_of(model: BaseModel) -> Options:
    """The options of a row or a section, its type first."""
    fields = type(model).model_fields
    keys = sorted(fields.keys() - NOT_OF_THE_ROW, key=lambda key: (key != "type", list(fields).index(key)))
    values = {key: getattr(model, key) for key in keys}
    return Options(values, frozenset(key for key, value in values.items() if value == fields[key].default))


def changes(base: Options, head: Options, prefix: str = "") -> list[Change]:
    """The options whose values differ. What only one of them can say, and does not, is no difference."""
    found: list[Change] = []
    for key in dict.fromkeys([*base.values, *head.values]):
        said_by_one = (key not in head.values and key in base.defaults) or (
            key not in base.values and key in head.defaults
        )
        if not said_by_one:
            found += _changes(f"{prefix}{key}", base.values.get(key), head.values.get(key))
    return found


def spec_changes(base: Spec, head: Spec) -> list[Change]:
    """What two specs say differently of the network itself, with `extends` resolved, by the paths of `--set`.

    Rows are aligned by what they say; a row that both have is named by its index in the second, any other by its own.
    """
    changed: list[Change] = []
    for key in type(base).model_fields:
        if key == "blocks":
            changed += _row_changes(base.blocks, head.blocks)
        elif key not in DESCRIPTIVE_KEYS:
            changed += _section_changes(key, getattr(base, key), getattr(head, key))
    return changed


def _section_changes(key: str, base: object, head: object) -> list[Change]:
    if isinstance(base, BaseModel) and isinstance(head, BaseModel):
        return [
            change
            for inner in type(base).model_fields
            for change in _section_changes(f"{key}.{inner}", getattr(base, inner), getattr(head, inner))
        ]
    return _changes(key, base, head)


def _changes(option: str, base: object, head: object) -> list[Change]:
    """One change, or none."""
    if _plain(base) == _plain(head):
        return []
    key = option.rpartition(".")[2]
    return [Change(option, option_text(key, base), option_text(key, head))]


def _plain(value: object) -> object:
    """A single kernel size is one however it is kept."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _row_changes(base: tuple[BlockRow, ...], head: tuple[BlockRow, ...]) -> list[Change]:
    olds, news = [options_of(row) for row in base], [options_of(row) for row in head]

    def distance(old: int, new: int) -> float:
        keys = olds[old].values.keys() | news[new].values.keys()
        return len(changes(olds[old], news[new])) / len(keys)

    changed: list[Change] = []
    for old, new in align(base, head, distance):
        if old is not None and new is not None:
            changed += changes(olds[old], news[new], f"blocks[{new}].")
        elif old is not None:
            changed.append(Change(f"blocks[{old}]", row_text(base[old]), NONE))
        elif new is not None:
            changed.append(Change(f"blocks[{new}]", NONE, row_text(head[new])))
    return changed


def row_text(row: BlockRow) -> str:
    """A row in a few words: `2 x MBConv6, k3x3, SE, stride 2, 40 filters`."""
    stride = "" if row.stride == (1, 1) else f", stride {option_text('stride', row.stride)}"
    filters = "" if row.output_filters is None else f", {row.output_filters} filters"
    return f"{row.num_repeat} x {describe(row)}{stride}{filters}"


def option_text(key: str, value: Any) -> str:
    """A value as YAML writes it, one number in place of two equal ones where they are a pair; a shape as `40x28x28`."""
    match value:
        case None:
            return NOT_SET  # unlike the activation `none`
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case Rectangle():
            return str(value)
        case tuple() if len(value) == 1 or (key in PAIRS and len(set(value)) == 1):
            return str(value[0])
        case tuple() if key.endswith("_shape"):
            return "x".join(map(str, value))
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case BaseModel():
            said = ((name, getattr(value, name)) for name in sorted(value.model_fields_set))
            return f"{{{', '.join(f'{name}: {option_text(name, inner)}' for name, inner in said)}}}"
    return str(value)
