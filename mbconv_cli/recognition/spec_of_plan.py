"""Plan -> the shortest table of a network that would have made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mbconv_cli.plan.op_kinds import BatchNorm, GroupNorm
from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.recognition.found_block import FoundBlock
from mbconv_cli.recognition.network_ends import FoundEnd
from mbconv_cli.recognition.reading import Reading, Unread, read_plan
from mbconv_cli.recognition.row_settings import (
    INHERITED,
    FoundRow,
    Settings,
    found_rows,
    written_row,
    written_value,
)
from mbconv_cli.recognition.squeeze_steps import Squeeze
from mbconv_cli.spec.spec import Norm, Spec, SqueezeExcite
from mbconv_cli.spec.yaml_writer import short_yaml

NORMS: Final = (BatchNorm, GroupNorm)
DIVISORS: Final = (1, 8, 4, 16, 32)
"""By which families round channels: MobileNetV3 and its followers to multiples of 8."""
LIMITS: Final = (0.9, 0.0, 0.95)
UNIVERSAL: Final = "universal_inverted_bottleneck"
"""A network with one of these says so of all its blocks that are one, though MBConv would do, too."""


@dataclass(frozen=True, slots=True)
class Table:
    """A network's table: its keys and values, as a YAML file has them, and the blocks behind each row."""

    data: dict[str, Any]
    rows: tuple[FoundRow, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What one table cannot say, though each block could.

    Attributes:
        name: of an op that is not like the others.
        what: in which way.
    """

    name: str
    what: str


def table_of(plan: Plan) -> Table | Unread | Conflict:
    """The shortest table whose network has the Plan's ops, or what no table can say."""
    if conflict := _norm_conflict(plan):
        return conflict
    reading = read_plan(plan)
    if isinstance(reading, Unread):
        return reading
    table = _table(plan, reading)
    if isinstance(table, Conflict) or all(block.type != UNIVERSAL for block in reading.blocks):
        return table
    again = read_plan(plan, preferred=UNIVERSAL)
    other = table if isinstance(again, Unread) else _table(plan, again)
    return table if isinstance(other, Conflict) else min(table, other, key=_length)


def _length(table: Table) -> tuple[int, int, int]:
    """Fewer rows come first, then fewer types of block, then less text."""
    types = {block.type for row in table.rows for block in row.blocks}
    return len(table.rows), len(types), len(short_yaml(table.data))


def _table(plan: Plan, reading: Reading) -> Table | Conflict:
    squeezed = [block.squeeze for block in reading.blocks if block.squeeze]
    if conflict := _squeeze_conflict(squeezed):
        return conflict
    settings = _best(reading, (Settings(expand_divisor=divisor) for divisor in DIVISORS), without_se=True)
    if squeezed:
        settings = _best(reading, _squeeze_settings(settings, squeezed))
    rows = found_rows(reading.blocks, settings)
    if rows is None:
        return Conflict(squeezed[0].name if squeezed else plan.ops[0].name, "no ratio gives its channels")
    inherited = _inherited(reading, rows)
    data = {
        "input": _input(plan),
        **{key: value for key, value in inherited.items() if value != Spec.model_fields[key].default},
        "norm": _norm(plan.ops),
        "expand_divisor": settings.expand_divisor if settings.expand_divisor != 1 else None,
        "se": _squeeze_section(settings, squeezed),
        "stem": _end(reading.stem, inherited, _STEM_DEFAULTS),
        "blocks": _nested([(row, written_row(row, inherited)) for row in rows]),
        "head": _end(reading.head, inherited, {"norm": True}),
        "classifier": _end(reading.classifier, inherited, {"hidden_bias": True, "hidden_norm": False}),
    }
    return Table({key: value for key, value in data.items() if value not in (None, {}, [])}, rows)


_STEM_DEFAULTS: Final = {"norm": True}


def _norm_conflict(plan: Plan) -> Conflict | None:
    """One norm for the whole network."""
    norms = [op for op in plan.ops if isinstance(op.kind, NORMS)]
    votes = Counter(words for op in norms for words in _norm_words(op))
    usual = votes.most_common(1)[0][0] if votes else ""
    other = next((op for op in norms if usual not in _norm_words(op)), None)
    if other is None:
        return None
    return Conflict(other.name, f"its norm has {_norm_words(other)[0]}, the others have {usual}; one table has one")


def _norm_words(op: Op) -> tuple[str, ...]:
    """The words for norms that fit this one: group norm is given in groups, or in channels of a group."""
    match op.kind:
        case BatchNorm(eps=eps, scale=scale):
            return (f"eps {eps:g}" + ("" if scale else " and no scale"),)
        case GroupNorm(channels=channels, groups=groups, eps=eps):
            return (f"eps {eps:g} in groups of {channels // groups}", f"eps {eps:g} in {groups} groups")
    raise AssertionError(op)


def _norm(ops: Sequence[Op]) -> dict[str, Any]:
    of_batches = [op.kind for op in ops if isinstance(op.kind, BatchNorm)]
    of_groups = [op.kind for op in ops if isinstance(op.kind, GroupNorm)]
    said: dict[str, Any] = {}
    if of_batches:
        momentum = Counter(norm.momentum for norm in of_batches).most_common(1)[0][0]
        said = {"eps": of_batches[0].eps, "momentum": momentum, "scale": of_batches[0].scale}
    elif of_groups:
        sizes = {norm.channels // norm.groups for norm in of_groups}
        groups = {"group_size": sizes.pop()} if len(sizes) == 1 else {"groups": of_groups[0].groups}
        said = {"eps": of_groups[0].eps, **groups}
    return {key: value for key, value in said.items() if value != Norm.model_fields[key].default}


def _squeeze_conflict(squeezes: Sequence[Squeeze]) -> Conflict | None:
    """One way of squeeze-and-excitation for the whole network."""
    for squeeze in squeezes[1:]:
        first = squeezes[0]
        for key in ("gate", "expand_activation", "bias"):
            if getattr(first, key) != getattr(squeeze, key):
                what = f"squeeze-and-excitation with {key} {getattr(squeeze, key)}, where {first.name} has "
                return Conflict(squeeze.name, f"{what}{getattr(first, key)}; one table has one kind")
    places = _common_places(squeezes)
    return None if places else Conflict(squeezes[-1].name, "squeeze-and-excitation at another place than the first")


def _common_places(squeezes: Sequence[Squeeze]) -> frozenset[str]:
    return frozenset({"depthwise", "project"}).intersection(*(squeeze.places for squeeze in squeezes))


def _best(reading: Reading, candidates: Iterable[Settings], *, without_se: bool = False) -> Settings:
    """The settings that give the fewest rows, then the fewest ratios, then the shortest rows."""
    blocks = [replace(block, squeeze=None) if without_se else block for block in reading.blocks]
    plain = dict.fromkeys(INHERITED)
    best, fewest = Settings(), (len(blocks) + 1, 0, 0)
    for settings in candidates:
        rows = found_rows(blocks, settings)
        if rows is None or len(rows) > fewest[0]:
            continue
        text = sum(len(repr(written_row(row, plain))) for row in rows)
        length = len(rows), len({row.se_ratio for row in rows}), text
        if length < fewest:
            best, fewest = settings, length
    return best


def _squeeze_settings(settings: Settings, squeezes: Sequence[Squeeze]) -> Iterator[Settings]:
    """The ways to count squeezed channels, the usual ones first."""
    same_activation = len({squeeze.activation for squeeze in squeezes}) == 1
    for follows in (True, False) if same_activation else (True,):
        for base in ("input", "expanded", "output"):
            for divisor in DIVISORS:
                for limit in LIMITS if divisor > 1 else LIMITS[:1]:
                    for rounding in ("floor", "nearest") if divisor == 1 else ("floor",):
                        keys: dict[str, Any] = {
                            "squeeze_from": base,
                            "rounding": rounding,
                            "divisor": divisor,
                            "round_limit": limit,
                        }
                        yield replace(settings, se=SqueezeExcite.model_construct(**keys), se_follows_row=follows)


def _squeeze_section(settings: Settings, squeezes: Sequence[Squeeze]) -> dict[str, Any]:
    if not squeezes:
        return {}
    first, places = squeezes[0], _common_places(squeezes)
    said = {
        "squeeze_from": settings.se.squeeze_from,
        "rounding": settings.se.rounding,
        "divisor": settings.se.divisor,
        "round_limit": settings.se.round_limit,
        "activation": None if settings.se_follows_row else first.activation,
        "expand_activation": first.expand_activation,
        "gate": first.gate,
        "bias": first.bias,
        "place": "depthwise" if "depthwise" in places else "project",
    }
    return {key: value for key, value in said.items() if value != SqueezeExcite.model_fields[key].default}


def _inherited(reading: Reading, rows: Sequence[FoundRow]) -> dict[str, Any]:
    """The network's own activation, padding and bias: what suits most of its parts."""
    ends = [end for end in (reading.stem, reading.head, reading.classifier) if end]
    found: dict[str, Any] = {}
    for key in INHERITED:
        choices = [*(row.choices for row in rows), *(end.choices for end in ends)]
        said = [one[key] for one in choices if key in one]
        votes = Counter(value for values in said for value in values)
        default = Spec.model_fields[key].default
        allowed = [end.network_padding for end in ends if end.network_padding is not None and key == "padding"]
        known = dict.fromkeys((default, *votes, *(word for one in allowed for word in sorted(one))))
        values = [value for value in known if all(value in one for one in allowed)]
        found[key] = max(values, key=lambda value: votes[value], default=default)
    return found


def _end(end: FoundEnd | None, network: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    if end is None:
        return {}
    written: dict[str, Any] = {}
    for key, value in end.keys.items():
        if isinstance(value, dict):
            written[key] = {inner: written_value(inner, below) for inner, below in value.items()}
        elif key not in defaults or value != defaults[key]:
            written[key] = written_value(key, value)
    for key, values in end.choices.items():
        if network[key] not in values:
            written[key] = min(values)
    return written


def _input(plan: Plan) -> dict[str, Any]:
    channels, *extent = plan.input_shape
    written = {"channels": channels} if channels != 3 else {}
    return {**written, "resolution": written_value("resolution", tuple(extent))}


def _nested(rows: Sequence[tuple[FoundRow, dict[str, Any]]]) -> list[Any]:
    """The rows, those of one stage in a list of their own: of the same channels, without a stride between them."""
    stages: list[list[dict[str, Any]]] = []
    before: FoundBlock | None = None
    for row, written in rows:
        first = row.blocks[0]
        if (
            before
            and first.stride == (1, 1)
            and first.widths.output == before.widths.output
            and "pool" not in (first.type, before.type)
        ):
            stages[-1].append(written)
        else:
            stages.append([written])
        before = first
    return [stage[0] if len(stage) == 1 else stage for stage in stages]
