"""Xception's block: pre-activated separable convolutions, max pooling instead of a stride, and a shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mbconv_cli.plan.op_kinds import MaxPool
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ONE,
    ConvolutionStep,
    activations,
    convolutions,
    paddings_of,
    pointwise,
)
from mbconv_cli.recognition.found_block import Choices, FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts

_Part = tuple[str, ConvolutionStep, ConvolutionStep]
_MOST: Final = 16


def xceptions(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for parts, separated in _separable(start, ()):
        for stride, padding, pooled in _pooled(separated, parts[0][1].conv.kernel_size):
            for shortcut, end in shortcuts(start, pooled, stride):
                steps = [step for _, *pair in parts for step in pair]
                found = all_of((_keys(start, parts), padding, of_convolutions(*steps), shortcut))
                if found is not None:
                    widths = Widths(start.value.channels, start.value.channels, end.value.channels)
                    cost = 0.9 * len(parts) + 0.3
                    yield FoundBlock("xception", found, stride, widths, start.value, end, cost=cost)


def _separable(cursor: Cursor, before: tuple[_Part, ...]) -> Iterator[tuple[tuple[_Part, ...], Cursor]]:
    """Runs of activation, depthwise convolution without norm, and 1x1."""
    for activation, active in activations(cursor):
        for depthwise, spatial in convolutions(active, norm=False):
            conv = depthwise.conv
            if not conv.groups == conv.in_channels == conv.out_channels or conv.stride != ONE:
                continue
            for project, projected in pointwise(spatial):
                plain = {depthwise.activation, project.activation} == {NO_ACTIVATION}
                if not plain or project.conv.groups > 1:
                    continue
                parts = (*before, (activation, depthwise, project))
                yield parts, projected
                if len(parts) < _MOST:
                    yield from _separable(projected, parts)


def _pooled(cursor: Cursor, kernel_size: tuple[int, int]) -> Iterator[tuple[tuple[int, int], Choices, Cursor]]:
    """The pooling that takes the place of a stride, and none."""
    yield ONE, {}, cursor
    for op, behind in cursor.then(MaxPool):
        assert isinstance(op.kind, MaxPool)
        if op.kind.kernel_size == kernel_size and op.kind.stride != ONE:
            yield op.kind.stride, {"padding": paddings_of(op)}, behind


def _keys(start: Cursor, parts: tuple[_Part, ...]) -> Choices | None:
    kernel_sizes = {depthwise.conv.kernel_size for _, depthwise, _ in parts}
    widths = [project.conv.out_channels for *_, project in parts]
    widen = {"first"} if all(width == widths[-1] for width in widths) else set()
    if all(width == start.value.channels for width in widths[:-1]):
        widen.add("last")
    if len(kernel_sizes) > 1 or not widen:
        return None
    first, *others = [activation for activation, _, _ in parts]
    keys = {"kernel_size": frozenset(kernel_sizes), "convolutions": one(len(parts)), "widen": frozenset(widen)}
    return all_of((keys, _activation(first, others)))


def _activation(first: str, others: list[str]) -> Choices | None:
    """One activation before all convolutions, or before all but the first."""
    if not others and first == NO_ACTIVATION:
        return {"first_activation": one(False)}
    word = others[0] if others else first
    if any(other != word for other in others) or first not in {word, NO_ACTIVATION}:
        return None
    keys: Choices = {"activation": one(word)}
    return keys if word == NO_ACTIVATION else {**keys, "first_activation": one(first != NO_ACTIVATION)}
