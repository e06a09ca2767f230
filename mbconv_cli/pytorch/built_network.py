"""Plan -> PyTorch: nested containers for reading, one flat program for running."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from mbconv_cli.plan.liveness import dying_inputs
from mbconv_cli.plan.op_kinds import BatchNorm, ChannelSlice
from mbconv_cli.plan.ops import INPUT, Plan
from mbconv_cli.pytorch.modules import leaf_module

LEAST_STATISTICS: Final = 49
"""Values of a channel, as many as the last maps of a 224-pixel image have, from which statistics are sound."""

NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d)


class Step(NamedTuple):
    """One op of the program: which slots it reads, which it writes, and which hold nothing of use afterwards."""

    module: nn.Module
    inputs: tuple[int, ...]
    output: int
    released: tuple[int, ...]


class Part(nn.Module):
    """A stage, a block or a part of one; it holds the modules of its ops and runs nothing itself."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title

    def _get_name(self) -> str:
        return self.title


class Network(nn.Module):
    """A network built from its Plan, `[N, C, H, W]` to the Plan's output shape behind `N`.

    `stages.2.1.depthwise.conv` of the Plan is the module of that path. The forward pass runs the Plan's ops in
    their order, in place where nobody reads the input again.

    Args:
        plan: what to build.
        inplace: whether ops may overwrite inputs that no later op reads; autograd wants False.
    """

    def __init__(self, plan: Plan, *, inplace: bool = True) -> None:
        super().__init__()
        titles = {block.name: block.operator for block in plan.blocks}
        slots, free = {INPUT: 0}, list[int]()
        shared = {INPUT, *(op.name for op in plan.ops if isinstance(op.kind, ChannelSlice))}  # others' memory
        self.steps: list[Step] = []
        for op, dying in zip(plan.ops, dying_inputs(plan), strict=True):
            first = op.inputs[0]
            overwrite = inplace and first.name in dying and first.name not in shared
            module = leaf_module(op.kind, inplace=overwrite)
            _place(self, op.name, module, titles)
            inputs = tuple(slots[value.name] for value in op.inputs)
            free += [slots.pop(name) for name in reversed(dying)]
            output = free.pop() if free else len(slots)
            slots[op.name] = output
            released = tuple(slots_of_dead for slots_of_dead in free if slots_of_dead in inputs)
            self.steps.append(Step(module, inputs, output, released))
        self.slot_count = 1 + max(step.output for step in self.steps)

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, H, W]` through all ops."""
        return self.run(x, None)

    def run(self, x: Tensor, stamp: Callable[[], None] | None) -> Tensor:
        """The same pass, plain or with a time stamp taken after every op."""
        values: list[Tensor | None] = [None] * self.slot_count
        values[0] = x
        for module, inputs, output, released in self.steps:
            x = module(*[values[slot] for slot in inputs])
            values[output] = x
            for slot in released:
                values[slot] = None
            if stamp is not None:
                stamp()
        return x


def build(plan: Plan, device: torch.device, *, inplace: bool = True) -> Network:
    """The network on a device, in eval mode, with random weights (none on the meta device)."""
    with device:
        network = Network(plan, inplace=inplace)
    if device.type != "meta":
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                _initialise(module)
    return network.eval()


@torch.inference_mode()
def settle(network: Network, images: Tensor) -> None:
    """Give every batch norm the statistics of what reaches it, as training would.

    Deep networks then are measured on ordinary numbers, and not on ones that overflow or are denormal.

    Args:
        network: its running statistics are replaced.
        images: `[N, C, H, W]`, what the statistics are taken of.
    """

    def take_statistics(module: nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        if isinstance(module, NORMS) and x[:, 0].numel() > 1:
            variance, mean = torch.var_mean(x.float(), dim=[0, *range(2, x.dim())])
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.copy_(mean)
            module.running_var.copy_(variance.clamp(min=module.eps))

    norms = [module for module in network.modules() if isinstance(module, NORMS)]
    handles = [norm.register_forward_pre_hook(take_statistics) for norm in norms]
    try:
        network(images)
    finally:
        for handle in handles:
            handle.remove()


def images_to_settle(plan: Plan) -> int:
    """How many images give every batch norm enough values of a channel.

    Of fewer, some channels have next to no variance, and a norm that divides by it magnifies rounding: on
    mobilenet-v2 at 64 pixels, one image left float32 some 4e-3 off float64.
    """
    maps = [math.prod(op.output.shape[1:]) for op in plan.ops if isinstance(op.kind, BatchNorm)]
    return math.ceil(LEAST_STATISTICS / min(maps, default=LEAST_STATISTICS))


def _initialise(module: nn.Conv2d | nn.Linear) -> None:
    """Random weights that keep the variance before a ReLU (He et al., arXiv:1502.01852, equation 10), and no bias."""
    nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _place(root: nn.Module, name: str, leaf: nn.Module, titles: dict[str, str]) -> None:
    """Put a leaf under its dotted name, with the containers on the way."""
    *path, last = name.split(".")
    around = root
    for depth, part in enumerate(path, start=1):
        if part not in around._modules:  # noqa: SLF001 - hasattr would also see methods
            around.add_module(part, Part(titles.get(".".join(path[:depth]), "Part")))
        around = around.get_submodule(part)
    around.add_module(last, leaf)
