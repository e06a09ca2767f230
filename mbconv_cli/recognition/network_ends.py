"""Reading what stands before and behind the rows of a network: stem, head and classifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.plan.op_kinds import BatchNorm, Conv2d, GlobalAvgPool, GroupNorm, Linear, MaxPool
from mbconv_cli.plan.ops import Op
from mbconv_cli.recognition.convolution_steps import ONE, ConvolutionStep, activations, convolutions, paddings_of
from mbconv_cli.recognition.found_block import Choices, one
from mbconv_cli.recognition.op_graph import Cursor

_MOST_BEFORE: Final = 8


@dataclass(frozen=True, slots=True)
class FoundEnd:
    """Stem, head or classifier.

    Attributes:
        keys: what it says, whatever the network's own settings are.
        choices: the keys that the network says where they are absent here, each with the values that do.
        network_padding: the words for padding that the network must have, since the part has no key for it.
        end: behind its last op.
        cost: as of a block.
    """

    keys: Mapping[str, Any]
    choices: Choices
    network_padding: frozenset[str] | None
    end: Cursor
    cost: float = 0.5


def stems(start: Cursor) -> Iterator[FoundEnd]:
    """The convolutions that may be a stem, each without the pooling behind it and with it."""
    for steps, behind in _runs(start, ()):
        first, last = steps[0], steps[-1]
        before = {"filters_before": tuple(step.conv.out_channels for step in steps[:-1])} if len(steps) > 1 else {}
        keys = {**_keys(last), **before, "stride": first.conv.stride}
        choices = {**_choices(last), "padding": frozenset.intersection(*(step.paddings for step in steps))}
        cost = 0.5 + 1.3 * (
            len(steps) - 1
        )  # rows of `conv` are plainer, unless a pooling behind them is the stem's, too
        yield FoundEnd(keys, choices, None, behind, cost)
        for op, pooled in behind.then(MaxPool):
            assert isinstance(op.kind, MaxPool)
            max_pool = {"kernel_size": op.kind.kernel_size, "stride": op.kind.stride}
            yield FoundEnd({**keys, "max_pool": max_pool}, choices, paddings_of(op), pooled, cost)


def _runs(cursor: Cursor, before: tuple[ConvolutionStep, ...]) -> Iterator[tuple[tuple[ConvolutionStep, ...], Cursor]]:
    """A convolution, or several that differ in nothing but their channels and the first one's stride."""
    for step, behind in convolutions(cursor, norm=None):
        conv = step.conv
        if conv.groups > 1 or conv.dilation != ONE or (before and not _continues(before[0], step)):
            continue
        steps = (*before, step)
        yield steps, behind
        if len(steps) <= _MOST_BEFORE:
            yield from _runs(behind, steps)


def _continues(first: ConvolutionStep, step: ConvolutionStep) -> bool:
    alike = (first.conv.kernel_size, first.conv.bias, first.norm, first.activation, ONE)
    return alike == (step.conv.kernel_size, step.conv.bias, step.norm, step.activation, step.conv.stride)


def heads(start: Cursor) -> Iterator[FoundEnd]:
    """The convolutions that may be a head."""
    for step, behind in convolutions(start, norm=None):
        if step.conv.groups == 1 and (step.conv.stride, step.conv.dilation) == (ONE, ONE):
            yield FoundEnd(_keys(step), _choices(step), step.paddings, behind)


def classifiers(start: Cursor) -> Iterator[FoundEnd]:
    """Global pooling and one or two fully connected layers."""
    for _, pooled in start.then(GlobalAvgPool):
        for last, end in _layers(pooled):
            if _bias(last):
                yield FoundEnd({"num_classes": last.output.channels}, {}, None, end)
        for hidden, behind in _layers(pooled):
            for norm, normed in _normed(behind):
                for activation, active in activations(normed):
                    for last, end in _layers(active):
                        if _bias(last):
                            keys = {
                                "hidden_filters": hidden.output.channels,
                                "hidden_bias": _bias(hidden),
                                "hidden_norm": norm,
                                "num_classes": last.output.channels,
                            }
                            yield FoundEnd(keys, {"activation": one(activation)}, None, end)


def _keys(step: ConvolutionStep) -> dict[str, Any]:
    conv = step.conv
    return {"kernel_size": conv.kernel_size, "output_filters": conv.out_channels, "norm": step.norm}


def _choices(step: ConvolutionStep) -> Choices:
    return {"activation": one(step.activation), "bias": one(step.conv.bias)}


def _layers(cursor: Cursor) -> Iterator[tuple[Op, Cursor]]:
    """Fully connected layers, as such or as 1x1 convolutions of one pixel."""
    for op, behind in cursor.then(Linear, Conv2d):
        if isinstance(op.kind, Linear) or (_is_dense(op.kind) and op.output.shape[1:] == ONE):
            yield op, behind


def _is_dense(kind: object) -> bool:
    return isinstance(kind, Conv2d) and (kind.kernel_size, kind.groups, kind.padding) == (ONE, 1, (0, 0, 0, 0))


def _bias(op: Op) -> bool:
    assert isinstance(op.kind, Conv2d | Linear)
    return op.kind.bias


def _normed(cursor: Cursor) -> Iterator[tuple[bool, Cursor]]:
    yield False, cursor
    for _, behind in cursor.then(BatchNorm, GroupNorm):
        yield True, behind
