"""A block as the steps that a reader thinks in: one convolution with its norm and activation, or SE as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mbconv_cli.cost.counts import Cost, cost_of, total
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelSlice,
    ConditionalConv2d,
    Conv2d,
    GroupNorm,
    MaxPool,
    MultiQueryAttention,
    convolution_of,
)
from mbconv_cli.plan.ops import Op, Plan, Shape

NORMS: Final = (BatchNorm, GroupNorm)
FUNCTION_NAMES: Final = {"leaky_relu": "leaky relu", "hard_swish": "hard swish", "hard_sigmoid": "hard sigmoid"}


@dataclass(frozen=True, slots=True)
class Step:
    """Ops that belong together, in running order.

    Attributes:
        role: their part in the block.
        ops: in running order.
    """

    role: str
    ops: tuple[Op, ...]

    @property
    def convolutions(self) -> list[Conv2d]:
        """Its convolutions, several for mixed kernels and for SE."""
        return [conv for op in self.ops if (conv := convolution_of(op.kind))]

    @property
    def attention(self) -> MultiQueryAttention | None:
        """Its attention, without the convolutions before and after it."""
        return next((op.kind for op in self.ops if isinstance(op.kind, MultiQueryAttention)), None)

    @property
    def is_sum(self) -> bool:
        """Whether its convolutions stand beside each other and are summed."""
        return len(self.convolutions) > 1 and any(isinstance(op.kind, Add) for op in self.ops)

    @property
    def sums_its_input(self) -> bool:
        """Whether what it reads is summed with its convolutions, behind a norm."""
        start = self.ops[0].inputs[0].name
        return self.is_sum and any(isinstance(op.kind, NORMS) and op.inputs[0].name == start for op in self.ops)

    @property
    def output_shape(self) -> Shape:
        """`(C, H, W)` of what it gives."""
        return self.ops[-1].output.shape

    @property
    def cost(self) -> Cost:
        """What its ops cost together, for one image."""
        return total(map(cost_of, self.ops))

    @property
    def text(self) -> str:
        """What it does, in a few words."""
        return ", ".join([_what(self), *dict.fromkeys(_follows(self))])


def block_ops(plan: Plan, block: str) -> tuple[Op, ...]:
    """The ops of a block."""
    return tuple(op for op in plan.ops if op.block == block)


def main_steps(ops: Iterable[Op]) -> list[Step]:
    """The steps of the path that is computed; what the shortcut does, where there is one, is not among them."""
    ops = tuple(ops)
    shortcut = shortcut_step(ops)
    steps: list[list[Op]] = []
    for op in ops:
        if shortcut and op in shortcut.ops:
            continue
        if not steps or _begins(op, steps[-1]):
            steps.append([])
        steps[-1].append(op)
    return [Step(members[0].role, tuple(members)) for members in steps]


def shortcut_step(ops: Iterable[Op]) -> Step | None:
    """What is added to the path's result; None where nothing is."""
    members = tuple(op for op in ops if op.role == "shortcut")
    return Step("shortcut", members) if any(isinstance(op.kind, Add) for op in members) else None


def is_depthwise(kind: Conv2d) -> bool:
    """Whether every channel has a filter of its own."""
    return kind.groups == kind.in_channels > 1


def _begins(op: Op, step: Sequence[Op]) -> bool:
    """Whether an op is the first of a new step: of another role, or one convolution after another, not beside it."""
    if op.role != step[-1].role:
        return True
    sliced = {one.name for one in step if isinstance(one.kind, ChannelSlice)}
    both_weigh = _weighs(op) and any(map(_weighs, step))
    beside = {value.name for one in step[:1] for value in one.inputs} | sliced
    return op.role != "se" and both_weigh and op.inputs[0].name not in beside


def _weighs(op: Op) -> bool:
    """Whether an op sums up weighted values: a convolution, or attention."""
    return convolution_of(op.kind) is not None or isinstance(op.kind, MultiQueryAttention)


def _what(step: Step) -> str:
    found = step.convolutions
    if step.attention:
        return f"attention: {step.attention.heads} heads, which share keys and values"
    if not found:
        return step.role
    first, last = found[0], found[-1]
    if step.role == "se":
        return f"SE: a mean of each channel, {first.in_channels} -> {first.out_channels} -> {last.out_channels}"
    stride = f", stride {first.stride[0]}" if first.stride != (1, 1) else ""
    if step.is_sum:
        widths = "a filter for each channel" if is_depthwise(first) else f"{first.in_channels} -> {first.out_channels}"
        return f"{step.role}: the sum of {_branches(step)}, {widths}{stride}"
    kernels = ", ".join("x".join(map(str, kind.kernel_size)) for kind in found)
    if all(map(is_depthwise, found)):
        share = "a filter for each channel" if len(found) == 1 else "each kernel on its share of the channels"
        return f"depthwise: {kernels}, {share}{stride}"
    channels_in, channels_out = sum(kind.in_channels for kind in found), sum(kind.out_channels for kind in found)
    return f"{step.role}: {kernels}, {channels_in} -> {channels_out}{stride}"


def _branches(step: Step) -> str:
    """What is summed: `1x1, 4 times 3x3 and the input`."""
    counts = Counter("x".join(map(str, kind.kernel_size)) for kind in step.convolutions)
    words = [kernel if count == 1 else f"{count} times {kernel}" for kernel, count in counts.items()]
    if step.sums_its_input:
        words.append("the input")
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _follows(step: Step) -> Iterator[str]:
    """What comes after the convolutions of a step, in words."""
    if step.role == "se":
        yield "a factor for each channel"
        return
    seen = not step.convolutions
    for op in step.ops:
        match op.kind:
            case Conv2d() | ConditionalConv2d():
                seen = True
            case BatchNorm() | GroupNorm():
                yield "norm"
            case Activation(function=name):
                yield FUNCTION_NAMES.get(name, name) + ("" if seen else " before")
            case MaxPool():
                yield "max pooling"
            case BlurPool(stride=(stride, _)):
                yield f"blur with stride {stride}"
            case AvgPool(stride=(stride, _)):
                yield f"average pooling with stride {stride}"
    if step.role == "project" and not any(isinstance(op.kind, Activation) for op in step.ops):
        yield "no activation"
