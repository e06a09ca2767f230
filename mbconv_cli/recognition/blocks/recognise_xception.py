"""Xception's block: pre-activated separable convolutions, a stride by max pooling or in the last one, a shortcut."""

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
        for stride, padding, pooled in _strides(separated, parts[-1][1]):
            for shortcut, end in shortcuts(start, pooled, stride):
                steps = [step for _, *pair in parts for step in pair]
                found = all_of((_keys(start, parts), padding, of_convolutions(*steps), shortcut))
                if found is not None:
                    widths = Widths(start.value.channels, start.value.channels, end.value.channels)
                    cost = 0.9 * len(parts) + 0.3
                    yield FoundBlock("xception", found, stride, widths, start.value, end, cost=cost)


def _separable(cursor: Cursor, before: tuple[_Part, ...]) -> Iterator[tuple[tuple[_Part, ...], Cursor]]:
    """Runs of activation, depthwise convolution with norm or without, and 1x1; only the last one may have a stride."""
    for activation, active in activations(cursor):
        for depthwise, spatial in convolutions(active, norm=None):
            conv = depthwise.conv
            if not conv.groups == conv.in_channels == conv.out_channels:
                continue
            for project, projected in pointwise(spatial):
                plain = {depthwise.activation, project.activation} == {NO_ACTIVATION}
                if not plain or project.conv.groups > 1:
                    continue
                parts = (*before, (activation, depthwise, project))
                yield parts, projected
                if len(parts) < _MOST and conv.stride == ONE:
                    yield from _separable(projected, parts)


def _strides(cursor: Cursor, last: ConvolutionStep) -> Iterator[tuple[tuple[int, int], Choices, Cursor]]:
    """The stride of the last depthwise convolution, or that of a pooling behind the 1x1, and none."""
    if last.conv.stride != ONE:
        yield last.conv.stride, {"stride_at": one("last")}, cursor
        return
    yield ONE, {}, cursor
    for op, behind in cursor.then(MaxPool):
        assert isinstance(op.kind, MaxPool)
        if op.kind.kernel_size == last.conv.kernel_size and op.kind.stride != ONE:
            yield op.kind.stride, {"padding": paddings_of(op), "stride_at": one("pooling")}, behind


def _keys(start: Cursor, parts: tuple[_Part, ...]) -> Choices | None:
    kernel_sizes = {depthwise.conv.kernel_size for _, depthwise, _ in parts}
    widths = [project.conv.out_channels for *_, project in parts]
    widen = {"first"} if all(width == widths[-1] for width in widths) else set()
    if all(width == start.value.channels for width in widths[:-1]):
        widen.add("last")
    if widths[0] == start.value.channels and all(width == widths[-1] for width in widths[1:]):
        widen.add("second")
    norms = {depthwise.norm for _, depthwise, _ in parts}
    if len(kernel_sizes) > 1 or len(norms) > 1 or not widen:
        return None
    first, *others = [activation for activation, _, _ in parts]
    keys = {
        "kernel_size": frozenset(kernel_sizes),
        "convolutions": one(len(parts)),
        "widen": frozenset(widen),
        "norm_between": frozenset(norms),
    }
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
