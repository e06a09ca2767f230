"""A block drawn in characters, with the shape after every step; ASCII, so that any terminal shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from mbconv_cli.analysis.explain.block_steps import Step, main_steps, shortcut_step
from mbconv_cli.plan.ops import Op, Shape

WIDTH: Final = 60
"""Columns of a drawing: the narrowest terminal that one should work in."""
HANGING: Final = 2


def draw_block(ops: Sequence[Op], input_shape: Shape) -> str:
    """The block from top to bottom, the shortcut at its left side.

    Args:
        ops: of the block.
        input_shape: `(C, H, W)` of what comes in.
    """
    steps, shortcut = main_steps(ops), shortcut_step(ops)
    shapes = [_text(input_shape), *(_text(step.output_shape) for step in steps)]
    widest = max(map(len, shapes))
    side = "|  " if shortcut else "   "
    lines = [f"   {shapes[0]:>{widest}}  input", f"+--{'-' * (widest // 2)}+" if shortcut else ""]
    for step, shape in zip(steps, shapes[1:], strict=True):
        lines.append(f"{side}{'v':>{widest // 2 + 1}}")
        lines += _beside(f"{side}{shape:>{widest}}  ", side, step.text)
    if shortcut:
        lines += [
            f"{side}{'v':>{widest // 2 + 1}}",
            f"+->{'+':>{widest // 2 + 1}}{'':{widest - widest // 2 + 1}}{_added(shortcut)}",
        ]
    return "\n".join(line.rstrip() for line in lines if line)


def _beside(start: str, side: str, text: str) -> list[str]:
    """A step's words beside its shape, on as many lines as they take."""
    first, *rest = textwrap.wrap(text, WIDTH - len(start) - HANGING)
    return [start + first, *(f"{side}{'':{len(start) - len(side) + HANGING}}{line}" for line in rest)]


def _added(shortcut: Step) -> str:
    found = shortcut.convolutions
    if not found:
        return "the input is added"
    return f"the input is added, after {' and '.join('x'.join(map(str, kind.kernel_size)) for kind in found)}"


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
