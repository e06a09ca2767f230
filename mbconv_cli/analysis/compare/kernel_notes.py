"""One kernel against a stack: the formulas and their results, in sentences."""

from __future__ import annotations

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.cost.kernel_formulas import built_crossing, paper_crossing, paper_macs, receptive_field


def question_notes(question: KernelQuestion) -> list[str]:
    """What the columns mean, where the crossings are, and what to beware of."""
    kernel, stack = question.names
    notes = [
        (
            "paper: MAC per H x W x M, k^2 + N a layer, every layer taken to see M channels (Tan et al., "
            "arXiv:1807.11626, on layer diversity); built: MAC of the layers as built, where the second sees N channels"
        ),
        f"ratio: {kernel} over {stack}; below 1 the {kernel} costs less",
        *_crossing_notes(question),
    ]
    if len(question.n) == 1:
        costs = paper_macs((question.kernel,), question.n[0]), paper_macs(question.stack, question.n[0])
        notes.append(f"at N = {question.n[0]}, on paper: {costs[0]} for {kernel} against {costs[1]} for {stack}")
    fields = receptive_field((question.kernel,), question.stride), receptive_field(question.stack, question.stride)
    if fields[0] != fields[1]:
        notes.append(
            f"warning: not the same receptive field: {kernel} sees {fields[0]} px, {stack} {fields[1]} px"
            + (f" with stride {question.stride} in the first layer" if question.stride > 1 else "")
        )
    return notes


def _crossing_notes(question: KernelQuestion) -> list[str]:
    kernel, stack = question.names
    exact = paper_crossing(question.kernel, question.stack)
    if exact is None:
        return [f"crossing: none; {kernel} and {stack} are one layer each, and differ by the same amount at every N"]
    squares = sum(size**2 for size in question.stack)
    paper = (
        f"crossing on paper: N = (k^2 - sum k_i^2) / (L - 1) = ({question.kernel**2} - {squares}) / "
        f"({len(question.stack)} - 1) = {exact}; {_above(float(exact), kernel)}"
    )
    if question.m is None:
        return [paper, "crossing as built: the same, as M = N"]
    built = built_crossing(question.kernel, question.stack, question.m)
    assert built is not None  # there are two layers at least
    return [
        paper,
        (
            f"crossing as built: (L - 1) N^2 + (k_2^2 + ... + k_L^2) N = M (k^2 - k_1^2), with M = {question.m}: "
            f"N = {built:.6g}; {_above(built, kernel)}"
        ),
    ]


def _above(crossing: float, kernel: str) -> str:
    return f"above it the {kernel} costs less" if crossing > 0 else f"the {kernel} costs less at every N"
