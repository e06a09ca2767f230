"""Every figure of `compare-kernels` against the built modules: what they hold, compute, read and write."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion, layers_plan
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.report.model import Cell

FLOAT32 = 4
KERNELS = st.integers(0, 4).map(lambda half: 2 * half + 1)
QUESTIONS = st.builds(
    KernelQuestion,
    kernel=KERNELS,
    stack=st.lists(KERNELS, min_size=1, max_size=4).map(tuple),
    n=st.lists(st.integers(1, 40), min_size=1, max_size=2, unique=True).map(sorted).map(tuple),
    m=st.none() | st.integers(1, 40),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    stride=st.integers(1, 3),
    batch_size=st.integers(1, 3),
    norm_act=st.booleans(),
)


def counted(question: KernelQuestion, kernels: Sequence[int], n: int) -> dict[str, int]:
    """Parameters, MACs and bytes of the built layers, taken from its tensors and from torch's own counter."""
    network = build(layers_plan(question, kernels, n), torch.device("cpu"))
    moved, between = [0], [0]

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        held = [*module.parameters(), *(buffer for buffer in module.buffers() if buffer.dim())]
        moved[0] += sum(tensor.numel() for tensor in (*inputs, output, *held))

    def note_between(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        between[0] += output.numel()

    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(note)
    stages = list(network.get_submodule("stages").children())
    for stage in stages[:-1]:
        *_, last = (module for module in stage.modules() if not list(module.children()))
        last.register_forward_hook(note_between)
    image = torch.zeros(question.batch_size, question.channels_in(n), question.height, question.width)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    return {
        "params": sum(parameter.numel() for parameter in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "bytes": FLOAT32 * moved[0],
        "intermediate_bytes": FLOAT32 * between[0],
    }


@given(question=QUESTIONS)
def test_every_figure_is_that_of_the_built_layers(question: KernelQuestion) -> None:
    report = compare_kernels(question)
    candidates = {(row["name"], row["n"]): row for row in report.sections["candidates"].rows}
    for row in report.sections["crossing"].rows:
        n = row["n"]
        assert isinstance(n, int)
        found = [counted(question, kernels, n) for kernels in ((question.kernel,), question.stack)]
        one, stack = (figures["macs"] for figures in found)
        assert (row["built_kernel"], row["built_stack"]) == (one, stack)
        assert isinstance(row["built_ratio"], float)
        assert math.isclose(row["built_ratio"], one / stack)
        assert row["built_winner"] == winner(question, one, stack)
        assert row["paper_winner"] == winner(
            question, paper(question, (question.kernel,), n), paper(question, question.stack, n)
        )
        for name, figures in zip(question.names, found, strict=True):
            if (name, n) in candidates and question.names[0] != question.names[1]:
                assert {key: candidates[name, n][key] for key in figures} == figures


def paper(question: KernelQuestion, kernels: Sequence[int], n: int) -> int:
    """MnasNet's accounting, per pixel: every layer is taken to see M channels."""
    m = question.channels_in(n)
    return sum(m * (kernel * kernel + n) for kernel in kernels)


def winner(question: KernelQuestion, one: int, stack: int) -> Cell:
    if one == stack:
        return "tie"
    return question.names[0] if one < stack else question.names[1]
