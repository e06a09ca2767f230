"""What a recogniser has found: a block, with the values that each key of its row may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import ConvolutionStep, DepthwiseStage
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.squeeze_steps import Squeeze

Choices: TypeAlias = Mapping[str, frozenset[Any]]
"""For each key the values that plan the same ops; a key that is not there may have any."""


@dataclass(frozen=True, slots=True)
class FoundBlock:
    """A block of a row.

    Attributes:
        type: the row's.
        choices: the keys of the row, but for those below.
        stride: (vertical, horizontal).
        widths: its channels.
        squeeze: its squeeze-and-excitation, if it has one.
        expands: whether the row says how many channels it expands to.
        start: what it reads.
        end: behind its last op.
        cost: how far from plain it is, in blocks: of several readings the one with the lowest sum is taken.
    """

    type: str
    choices: Choices
    stride: tuple[int, int]
    widths: Widths
    start: Value
    end: Cursor
    squeeze: Squeeze | None = None
    expands: bool = False
    cost: float = 1.0


Recogniser: TypeAlias = Callable[[Cursor], Iterator[FoundBlock]]


def one(value: Any) -> frozenset[Any]:
    """The only value that a key may have."""
    return frozenset({value})


def both(one_side: Choices, other: Choices) -> Choices | None:
    """The values that suit both; None where a key has none left."""
    merged = dict(one_side)
    for key, values in other.items():
        merged[key] = merged[key] & values if key in merged else values
        if not merged[key]:
            return None
    return merged


def all_of(parts: Iterable[Choices | None]) -> Choices | None:
    """The values that suit all parts; None where a key has none left, or a part fits nothing."""
    merged: Choices | None = {}
    for part in parts:
        merged = None if merged is None or part is None else both(merged, part)
    return merged


def of_convolutions(*steps: ConvolutionStep | DepthwiseStage) -> Choices | None:
    """Padding, bias and dilation that suit all of these."""
    return all_of(each for step in steps for each in _settings(step))


def _settings(step: ConvolutionStep | DepthwiseStage) -> Iterator[Choices]:
    for each in step.steps if isinstance(step, DepthwiseStage) else (step,):
        yield {"padding": each.paddings, "bias": one(each.conv.bias)}
        if isinstance(step, DepthwiseStage) and step.is_mixed:
            yield {"dilation": one(each.conv.dilation)}
        elif dilations := each.dilations:
            yield {"dilation": dilations}


def activation_of(*found: str) -> Choices | None:
    """The activation that all of these are; anything where there are none."""
    if len(set(found)) > 1:
        return None
    return {"activation": frozenset(found)} if found else {}


FREE: Final[Choices] = {}
