"""Reading a sum of parallel convolutions, each with norm, from ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mbconv_cli.plan.op_kinds import Add, BatchNorm, Conv2d, GroupNorm
from mbconv_cli.recognition.convolution_steps import NO_ACTIVATION, ONE, ConvolutionStep, convolutions
from mbconv_cli.recognition.op_graph import Cursor


@dataclass(frozen=True, slots=True)
class BranchSum:
    """A sum as it was found.

    Attributes:
        steps: its convolutions.
        full: how many of them have the largest kernel.
        shortcuts: the words for whether the value itself is summed, too; any where its shape does not agree.
    """

    steps: tuple[ConvolutionStep, ...]
    full: int
    shortcuts: frozenset[str] | None

    @property
    def conv(self) -> Conv2d:
        """A convolution with the largest kernel."""
        return max((step.conv for step in self.steps), key=_area)

    @property
    def is_one_convolution(self) -> bool:
        """Whether there is nothing to sum."""
        return len(self.steps) == 1 and self.shortcuts != frozenset({"identity"})

    @property
    def choices(self) -> dict[str, frozenset[Any]]:
        """The keys of a row that say it, but for those of its convolutions."""
        return {} if self.shortcuts is None else {"shortcut": self.shortcuts}


def branch_sums(start: Cursor) -> Iterator[tuple[BranchSum, Cursor]]:
    """The sums of all convolutions that read the value here, one behind the other, and single convolutions."""
    found = [(step, end) for step, end in convolutions(start) if step.activation == NO_ACTIVATION]
    for index, (first, end) in enumerate(found):
        steps, summed = [first], end
        for step, branch in found[index + 1 :]:
            for behind in summed.joined(Add, branch):
                steps.append(step)
                summed = behind
        full = _full(steps)
        if full:
            yield from ((BranchSum(tuple(steps), full, words), end) for words, end in _identities(start, summed))


def _full(steps: list[ConvolutionStep]) -> int:
    """How many convolutions have the largest kernel, with a 1x1 first beside a larger one; 0 of no sum."""
    convs = [step.conv for step in steps]
    largest = max(convs, key=_area).kernel_size
    alike = {(conv.in_channels, conv.out_channels, conv.stride, conv.groups) for conv in convs}
    points = [index for index, conv in enumerate(convs) if conv.kernel_size == ONE]
    full = sum(conv.kernel_size == largest for conv in convs)
    if len(alike) > 1:
        return 0
    if largest == ONE:
        return full
    fits = len(points) == 1 and full == len(convs) - 1 and (points == [0] or full == 1)
    return full if fits else 0


def _area(conv: Conv2d) -> int:
    return conv.kernel_size[0] * conv.kernel_size[1]


def _identities(start: Cursor, summed: Cursor) -> Iterator[tuple[frozenset[str] | None, Cursor]]:
    """With the value itself behind a norm, and without."""
    if start.value.shape != summed.value.shape:
        yield None, summed
        return
    yield frozenset({"none"}), summed
    for _, normed in start.then(BatchNorm, GroupNorm):
        yield from ((frozenset({"identity"}), whole) for whole in summed.joined(Add, normed))
