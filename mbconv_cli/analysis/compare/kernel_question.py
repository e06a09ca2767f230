"""One kernel against a stack: what is compared, and the layers that it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mbconv_cli.cost.kernel_formulas import built_crossing, paper_crossing
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import without_norm_and_activation
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.spec.inverted_residual_rows import DepthwiseSeparable
from mbconv_cli.spec.spec import Input, Spec

NEIGHBOURS: Final = 2


@dataclass(frozen=True)
class KernelQuestion:
    """One kernel against a stack of them, in layers from M to N channels.

    Attributes:
        kernel: the extent of the one kernel, odd.
        stack: the extents of the others, each odd, in the order in which they run.
        n: the numbers of output channels to look at.
        m: the input channels; as many as the output has, if absent.
        height: of the input, in pixels.
        width: of the input, in pixels.
        stride: of the first layer.
        batch_size: images in a batch.
        norm_act: whether every convolution is followed by batch norm and ReLU.
    """

    kernel: int
    stack: tuple[int, ...]
    n: tuple[int, ...]
    m: int | None = None
    height: int = 56
    width: int = 56
    stride: int = 1
    batch_size: int = 1
    norm_act: bool = True

    @cached_property
    def names(self) -> tuple[str, str]:
        """What tables call the kernel, and the stack."""
        return f"{self.kernel}x{self.kernel}", ", ".join(f"{size}x{size}" for size in self.stack)

    @property
    def shown(self) -> tuple[int, ...]:
        """All N that get a row: those asked for, and around a single one its neighbours."""
        if len(self.n) > 1:
            return self.n
        return tuple(range(max(self.n[0] - NEIGHBOURS, 1), self.n[0] + NEIGHBOURS + 1))

    def channels_in(self, n: int) -> int:
        """M, for this N."""
        return self.m or n

    @property
    def crossings(self) -> tuple[float | None, float | None]:
        """The N above which the one kernel costs less, on paper and as built; None where there is no such N."""
        exact = paper_crossing(self.kernel, self.stack)
        paper = None if exact is None else float(exact)
        return paper, paper if self.m is None else built_crossing(self.kernel, self.stack, self.m)


def layers_plan(question: KernelQuestion, kernels: Sequence[int], n: int) -> Plan:
    """Depthwise separable convolutions M -> N -> ... -> N with these kernels, the first with the stride."""
    rows = tuple(
        DepthwiseSeparable(
            type="depthwise_separable",
            kernel_size=(kernel,),
            output_filters=n,
            stride=(question.stride, question.stride) if index == 0 else (1, 1),
        )
        for index, kernel in enumerate(kernels)
    )
    name = ", ".join(f"{kernel}x{kernel}" for kernel in kernels)
    image = Input(channels=question.channels_in(n), resolution=(question.height, question.width))
    plan = make_plan(Spec(name=name, input=image, blocks=rows))
    return plan if question.norm_act else without_norm_and_activation(plan)
