"""Which width and depth factors make a base's blocks those of another network?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mbconv_cli.plan.scaling import scale_filters, scale_head, scale_layer, scale_repeats, scale_stem
from mbconv_cli.recognition.found_block import FoundBlock
from mbconv_cli.spec.row_keys import Row
from mbconv_cli.spec.spec import Scaling, Spec

_PARTS: Final = 100
_LARGEST: Final = 4 * _PARTS
FACTORS: Final = tuple(
    step / _PARTS
    for step in sorted(
        range(1, _LARGEST + 1),
        key=lambda step: (step != _PARTS, step % 10 != 0, step % 5 != 0, abs(step - _PARTS)),
    )
)
"""Hundredths up to four, the plainest first: one, then tenths, then twentieths."""


def fitting_scalings(base: Spec, blocks: Sequence[FoundBlock]) -> Iterator[Scaling]:
    """The base's scaling with each pair of factors that gives the channels and the number of these blocks.

    Of the factors that give one network the plainest is taken. Stem, head and classifier do not have to fit.

    Args:
        base: what is scaled.
        blocks: those of the network's rows, in order.
    """
    wanted = [block.widths.output for block in blocks if block.type != "pool"]
    for counts, deep in _depths(base).items():
        if _blocks(base, counts) != len(wanted):
            continue
        seen: set[tuple[int, ...]] = set()
        for width in (base.scaling.width, *FACTORS):
            scaling = deep.model_copy(update={"width": width})
            widths, ends = _widths(base, scaling), _ends(_scaled(base, scaling))
            if (*widths, *ends) not in seen and _each(base, counts, widths) == wanted:
                seen.add((*widths, *ends))
                yield scaling


def _depths(base: Spec) -> dict[tuple[int, ...], Scaling]:
    """For each number of repeats that a depth factor gives the rows, the plainest scaling that does."""
    found: dict[tuple[int, ...], Scaling] = {}
    for depth in (base.scaling.depth, *FACTORS):
        scaling = base.scaling.model_copy(update={"depth": depth})
        found.setdefault(tuple(scale_repeats(_scaled(base, scaling))), scaling)
    return found


def _scaled(base: Spec, scaling: Scaling) -> Spec:
    return base.model_copy(update={"scaling": scaling})


def _rows(base: Spec) -> list[tuple[int, Row]]:
    return [(index, row) for index, row in enumerate(base.blocks) if isinstance(row, Row)]


def _blocks(base: Spec, repeats: Sequence[int]) -> int:
    return sum(repeats[index] for index, _ in _rows(base))


def _widths(base: Spec, scaling: Scaling) -> tuple[int, ...]:
    return tuple(scale_filters(row.output_filters, scaling) for _, row in _rows(base))


def _each(base: Spec, repeats: Sequence[int], widths: Sequence[int]) -> list[int]:
    """The channels out of every block."""
    rows = zip(_rows(base), widths, strict=True)
    return [width for (index, _), width in rows for _ in range(repeats[index])]


def _ends(scaled: Spec) -> tuple[int, ...]:
    """The channels of stem, head and hidden layer."""
    hidden = scaled.classifier.hidden_filters if scaled.classifier else None
    return (
        scale_stem(scaled.stem.output_filters, scaled.scaling) if scaled.stem else 0,
        scale_head(scaled.head.output_filters, scaled) if scaled.head else 0,
        scale_layer(hidden, scaled.scaling.hidden, scaled.scaling) if hidden else 0,
    )
