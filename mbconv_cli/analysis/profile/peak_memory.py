"""Where in a network do its activations take the most memory?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mbconv_cli.plan.ops import Plan
from mbconv_cli.units import binary

ALLOCATED: Final = (
    "memory: the allocator counted {allocated} at most in a plain pass, beside the weights: less than the Plan says "
    "where ops work in place, more where kernels take workspace, sizes are rounded up, or padding is a copy"
)


def memory_notes(
    plan: Plan, alive: Sequence[int], allocated: int | None = None, *, training: bool = False
) -> list[str]:
    """The peak of a pass and the op that it falls on, and what the device's allocator measured.

    Args:
        plan: whose ops they are.
        alive: the bytes of activations alive at each op.
        allocated: the most bytes that the allocator gave to activations in one pass, where it tells.
        training: whether a pass goes back too, and so keeps more.
    """
    peak = max(alive)
    at = plan.ops[alive.index(peak)].name
    whose = "in a forward pass that keeps nothing for the way back" if training else "if no op works in place"
    notes = [f"memory: at most {binary(peak)} of activations are alive at once, at {at}; {whose}"]
    return notes if allocated is None else [*notes, ALLOCATED.format(allocated=binary(allocated))]
