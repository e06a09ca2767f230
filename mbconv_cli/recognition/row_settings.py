"""Blocks -> rows of a table, under a network's own settings: equal blocks are joined, what is default is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from mbconv_cli.plan.parts import Widths, squeezed_filters
from mbconv_cli.plan.scaling import expand_filters
from mbconv_cli.recognition.convolution_steps import ONE
from mbconv_cli.recognition.found_block import Choices, FoundBlock, both, one
from mbconv_cli.recognition.nice_ratio import nice_ratio
from mbconv_cli.spec.row_keys import SameFilters
from mbconv_cli.spec.rows import DEFAULT_TYPE, ROW_TYPES
from mbconv_cli.spec.spec import SqueezeExcite
from mbconv_cli.spec.values import Rectangle, written_kernels
from mbconv_cli.spec.yaml_writer import PAIRS

INHERITED: Final = ("activation", "padding", "bias")
"""Keys of rows, stem and head that are the network's where they are absent."""
_FEW_DIGITS: Final = 4
"""`2.25`: a ratio that is as readable as a number of channels."""

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a network says for all its rows.

    Attributes:
        expand_divisor: expanded channels are rounded to a multiple of it.
        se: how squeezed channels are counted.
        se_follows_row: whether squeeze-and-excitation has the row's activation.
        usual_se_ratio: one that suits all blocks that squeeze, if there is one.
    """

    expand_divisor: int = 1
    se: SqueezeExcite = SqueezeExcite.model_construct()  # noqa: RUF009 - frozen
    se_follows_row: bool = False
    usual_se_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Blocks that are one row, and what the row says.

    Attributes:
        blocks: the first of them has the row's stride.
        choices: the values that suit all blocks.
        expansion: `expand_ratio` or `expanded_filters`, where the row has one of them.
        se_ratio: None without squeeze-and-excitation.
    """

    blocks: tuple[FoundBlock, ...]
    choices: Choices
    expansion: Row
    se_ratio: float | None


def found_rows(blocks: Iterable[FoundBlock], settings: Settings) -> tuple[FoundRow, ...] | None:
    """The rows of a network, each of as many blocks as can be one; None where these settings suit no row."""
    rows: list[FoundRow] = []
    every = tuple(blocks)
    pairs, se = _squeezed(every, settings.se), settings.se
    usual = _squeeze_ratio(pairs, se.rounding, se.divisor, se.round_limit) if pairs else None
    settings = replace(settings, usual_se_ratio=usual)
    for block in every:
        joined = _joined(rows[-1], block, settings) if rows else None
        if joined:
            rows[-1] = joined
            continue
        row = _row_of((block,), _choices(block, settings), settings)
        if row is None:
            return None
        rows.append(row)
    return tuple(rows)


def _joined(row: FoundRow, block: FoundBlock, settings: Settings) -> FoundRow | None:
    """The row with one more block; None where it would say something else."""
    first = row.blocks[0]
    alike = (first.type, first.widths.output, ONE) == (block.type, block.widths.output, block.stride)
    if not alike or (first.squeeze is None) != (block.squeeze is None):
        return None
    more = _choices(block, settings)
    choices = both(row.choices, more) if more is not None else None
    return _row_of((*row.blocks, block), choices, settings)


def _choices(block: FoundBlock, settings: Settings) -> Choices | None:
    if settings.se_follows_row and block.squeeze:
        return both(block.choices, {"activation": one(block.squeeze.activation)})
    return block.choices


def _row_of(blocks: tuple[FoundBlock, ...], choices: Choices | None, settings: Settings) -> FoundRow | None:
    if choices is None:
        return None
    expansion = _expansion(blocks, settings.expand_divisor) if blocks[0].expands else {}
    ratio = _se_ratio(blocks, settings.se, settings.usual_se_ratio) if blocks[0].squeeze else None
    if expansion is None or (blocks[0].squeeze and ratio is None):
        return None
    return FoundRow(blocks, choices, expansion, ratio)


def _expansion(blocks: Sequence[FoundBlock], divisor: int) -> Row | None:
    pairs = frozenset((block.widths.input, block.widths.expanded) for block in blocks)
    ratio = _expand_ratio(pairs, divisor)
    expanded = {block.widths.expanded for block in blocks}
    if ratio is not None and (len(f"{ratio:g}") <= _FEW_DIGITS or len(expanded) > 1):
        return {"expand_ratio": ratio}
    has_number = "expanded_filters" in ROW_TYPES[blocks[0].type].model_fields
    if has_number and len(expanded) == 1:
        return {"expanded_filters": expanded.pop()}
    return None if ratio is None else {"expand_ratio": ratio}


@lru_cache(maxsize=4_096)
def _expand_ratio(pairs: frozenset[tuple[int, int]], divisor: int) -> float | None:
    return nice_ratio(pairs, lambda base, ratio: expand_filters(base, ratio, divisor), divisor, 1_000)


def _se_ratio(blocks: Sequence[FoundBlock], se: SqueezeExcite, usual: float | None) -> float | None:
    """The network's usual ratio where it suits these blocks, else their own."""
    pairs = _squeezed(blocks, se)
    rules = (se.rounding, se.divisor, se.round_limit)
    return usual if usual and _squeezes(pairs, *rules, usual) else _squeeze_ratio(pairs, *rules)


def _squeezed(blocks: Iterable[FoundBlock], se: SqueezeExcite) -> frozenset[tuple[int, int]]:
    """(channels that the ratio is taken of, squeezed channels) of all blocks that squeeze."""
    squeezed = ((block.widths, block.squeeze) for block in blocks)
    return frozenset((getattr(widths, se.squeeze_from), one.filters) for widths, one in squeezed if one)


@lru_cache(maxsize=4_096)
def _squeezes(pairs: frozenset[tuple[int, int]], rounding: str, divisor: int, round_limit: float, ratio: float) -> bool:
    keys: Row = {"squeeze_from": "input", "rounding": rounding, "divisor": divisor, "round_limit": round_limit}
    se = SqueezeExcite.model_construct(**keys)
    return all(squeezed_filters(se, ratio, Widths(base, base, base)) == made for base, made in pairs)


@lru_cache(maxsize=4_096)
def _squeeze_ratio(pairs: frozenset[tuple[int, int]], rounding: str, divisor: int, round_limit: float) -> float | None:
    keys: Row = {"squeeze_from": "input", "rounding": rounding, "divisor": divisor, "round_limit": round_limit}
    se = SqueezeExcite.model_construct(**keys)
    return nice_ratio(pairs, lambda base, ratio: squeezed_filters(se, ratio, Widths(base, base, base)), divisor + 1, 1)


def written_row(row: FoundRow, network: Row) -> Row:
    """The row's keys, without what is default or as the network says.

    Args:
        row: the row.
        network: the network's own values of the inherited keys.
    """
    first = row.blocks[0]
    model = ROW_TYPES[first.type]
    written: Row = {} if first.type == DEFAULT_TYPE else {"type": first.type}
    chosen = {
        key: _chosen(key, values, model.model_fields[key].default, network) for key, values in row.choices.items()
    }
    chosen |= row.expansion | {"se_ratio": row.se_ratio, "stride": first.stride, "num_repeat": len(row.blocks)}
    if not issubclass(model, SameFilters):
        chosen["output_filters"] = first.widths.output
    for key in _ORDER:
        value = written_value(key, chosen.get(key)) if key in model.model_fields else None
        if value is not None and value != written_value(key, model.model_fields[key].default):
            written[key] = value
    return written


def written_value(key: str, value: Any) -> Any:
    """A value as a file has it: kernels and pairs as one number where both directions agree."""
    if value is None or not isinstance(value, tuple):
        return value
    if key.endswith("kernel_size"):
        kernels = value if isinstance(value[0], tuple) else (value,)
        return written_kernels(tuple(Rectangle(*pair) if pair[0] != pair[1] else pair[0] for pair in kernels))
    if key in PAIRS and value[0] == value[1]:
        return value[0]
    return list(value)


_ORDER: Final = (
    "pooling", "kernel_size", "start_kernel_size", "middle_kernel_size", "bottleneck_filters", "convolutions",
    "ghost_ratio", "ghost_kernel_size", "heads", "key_filters", "value_filters", "reduction", "expand_ratio",
    "expanded_filters", "se_ratio", "output_filters", "num_repeat", "stride", "anti_aliasing", "activation",
    "branches", "depthwise_stack", "mixed_shares", "experts", "group_size", "groups", "expand_groups",
    "project_groups", "channel_shuffle", "unit_expansion", "unit_kernel_size", "stride_at", "norm", "norm_between",
    "activation_between", "activation_after", "widen", "first_activation", "layer_scale", "shortcut",
    "shortcut_norm", "padding", "bias", "dilation",
)  # fmt: skip
"""The keys of rows in the order in which a table has them."""
_PREFERRED: Final = ("symmetric", "same", "identity", "projection", "strided_projection", "first", "depthwise")


def _chosen(key: str, values: frozenset[Any], default: Any, network: Row) -> Any:
    """The default where it suits; else the first one that is usual."""
    if key in INHERITED and network[key] in values:
        return None
    if default in values:
        return default
    usual = [word for word in _PREFERRED if word in values]
    return usual[0] if usual else min(values, key=repr)
