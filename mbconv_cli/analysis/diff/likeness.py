"""Which parts of two networks belong together: by what they compute, never by their names.

One more block at the beginning changes all the names after it, and not what they stand for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final, TypeAlias

from mbconv_cli.analysis.diff.diff_parts import Part
from mbconv_cli.analysis.diff.layers import Layer
from mbconv_cli.analysis.diff.sequences import Pair, align
from mbconv_cli.analysis.diff.spec_options import changes

Views: TypeAlias = tuple[Counter[Hashable], ...]

VIEWS: Final = 3
MANY_CHANGES: Final = 4
"""So many changed options make a part another one."""
SAME_KIND: Final = 0.5
"""The distance of two ops of one kind and role that differ in anything."""


def align_parts(base: Sequence[Part], head: Sequence[Part]) -> list[Pair]:
    """The blocks or stages of two networks, aligned by their ops, and twice as much by the options that differ.

    Options come before ops, since a block that follows an inserted one has other channels in, and so other ops.
    """
    old, new = [_views(part) for part in base], [_views(part) for part in head]

    def distance(first: int, second: int) -> float:
        one, other = base[first], head[second]
        if one.content == other.content:
            return 0
        ops = sum(_unlike(view, against) for view, against in zip(old[first], new[second], strict=True)) / VIEWS
        options = min(len(changes(one.options, other.options)) / MANY_CHANGES, 1)
        return (ops + 2 * options) / 3

    return align([part.content for part in base], [part.content for part in head], distance)


def align_layers(base: Sequence[Layer], head: Sequence[Layer]) -> list[Pair]:
    """The ops of two parts that belong together, aligned."""

    def distance(first: int, second: int) -> float:
        one, other = base[first], head[second]
        if one.content == other.content:
            return 0
        return SAME_KIND if all(one.row[key] == other.row[key] for key in ("op", "role")) else 1

    return align([layer.content for layer in base], [layer.content for layer in head], distance)


def _views(part: Part) -> Views:
    """A part's ops as they are, without their extent, and without their widths: scaled networks stay alike."""
    layers = part.layers
    return (
        Counter(layer.content for layer in layers),
        Counter((layer.row["op"], layer.row["role"], *_channels(layer), layer.row["params"]) for layer in layers),
        Counter((layer.row["op"], layer.row["role"], _kernel(layer), _shrinking(layer)) for layer in layers),
    )


def _unlike(base: Counter[Hashable], head: Counter[Hashable]) -> float:
    """The share of ops that have no equal."""
    return 1 - (base & head).total() / max(base.total(), head.total())


def _channels(layer: Layer) -> tuple[int, int]:
    return layer.shape("input_shape")[0], layer.shape("output_shape")[0]


def _kernel(layer: Layer) -> float:
    """The pixels of a depthwise kernel, from its weights."""
    return layer.count("params") / _channels(layer)[1] if layer.row["role"] == "depthwise" else 0


def _shrinking(layer: Layer) -> tuple[float, ...]:
    """Extents in over extents out, roughly: an odd extent halved is half as large."""
    before, after = layer.shape("input_shape")[1:], layer.shape("output_shape")[1:]
    return tuple(round(old / new, 0) for old, new in zip(before, after, strict=False))
