"""Which op each kernel of a pass belongs to: from an eager pass by correlation, to a graph's replays by order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from mbconv_cli.measure.timeline.device_trace import DeviceKernel, DeviceTrace


@dataclass(frozen=True, slots=True)
class AssignedKernel:
    """A kernel by name, and what it belongs to.

    Attributes:
        name: as the driver reports it.
        op: the index of its op in the Plan; None where no op launched it or it cannot be decided.
        backward: whether it is on the op's way back.
    """

    name: str
    op: int | None
    backward: bool = False


def eager_passes(trace: DeviceTrace) -> list[list[AssignedKernel]]:
    """The kernels of each annotated pass, in the device's order.

    A kernel finds its op by the call that launched it: the op's annotation holds the start of that call. What was
    launched outside of every annotation, on the way back, belongs to the op that made autograd's node. The rest belongs
    to no op, and to the pass of the kernels before it.
    """
    pass_numbers = _pass_numbers([interval.op for interval in trace.intervals])
    passes: list[list[AssignedKernel]] = [[] for _ in range(max(pass_numbers, default=0) + 1)]
    current = 0
    for kernel in trace.kernels:
        there, back = trace.interval_around(kernel), trace.forward_interval_of(kernel)
        index = back if there is None else there
        if index is not None:
            current = pass_numbers[index]
        op = None if index is None else trace.intervals[index].op
        passes[current].append(AssignedKernel(kernel.name, op, backward=there is None and back is not None))
    return passes


def graph_replays(trace: DeviceTrace) -> list[list[DeviceKernel]]:
    """The kernels of each replay: one launch of a graph gives all of its kernels the same correlation number."""
    replays: dict[int, list[DeviceKernel]] = {}
    for kernel in trace.kernels:
        replays.setdefault(kernel.correlation, []).append(kernel)
    return list(replays.values())


def ops_of_replay(eager: Sequence[AssignedKernel], names: Sequence[str]) -> list[int | None]:
    """The op of each kernel of a replay, given the kernels of an eager pass.

    Where both have the same names in the same order, the n-th belongs to the op of the n-th. Otherwise runs of equal
    names are matched, and a kernel between two matched ones of the same op belongs to that op; None for the rest.
    """
    if [kernel.name for kernel in eager] == list(names):
        return [kernel.op for kernel in eager]
    ops: list[int | None] = [None] * len(names)
    matched = [False] * len(names)
    matcher = SequenceMatcher(None, [kernel.name for kernel in eager], list(names), autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            ops[block.b + offset] = eager[block.a + offset].op
            matched[block.b + offset] = True
    return _with_undoubted_neighbours(ops, matched)


def _with_undoubted_neighbours(ops: list[int | None], matched: Sequence[bool]) -> list[int | None]:
    """Unmatched kernels take the op of the nearest matched ones before and after, where these are the same."""
    places = [place for place, is_matched in enumerate(matched) if is_matched]
    for before, after in pairwise(places):
        if ops[before] == ops[after]:
            ops[before:after] = [ops[before]] * (after - before)
    return ops


def _pass_numbers(ops: Sequence[int]) -> list[int]:
    """The pass of each interval: a new one begins where the ops begin anew."""
    numbers, current = list[int](), 0
    for place, op in enumerate(ops):
        current += place > 0 and op <= ops[place - 1]
        numbers.append(current)
    return numbers
