from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion, layers_plan
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.kernel_formulas import built_crossing, equal_stack, paper_crossing, paper_macs, receptive_field
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.devices import resolve_device

ODD = st.integers(min_value=0, max_value=4).map(lambda half: 2 * half + 1)
STACKS = st.lists(ODD, min_size=1, max_size=4).map(tuple)
CHANNELS = st.integers(min_value=1, max_value=40)
EXTENTS = st.integers(min_value=1, max_value=20)


@pytest.mark.parametrize(("n", "kernel", "stack"), [(6, 31, 30), (7, 32, 32), (8, 33, 34)])
def test_mnasnets_figures(n: int, kernel: int, stack: int) -> None:
    assert paper_macs((5,), n) == kernel
    assert paper_macs((3, 3), n) == stack


@pytest.mark.parametrize(
    ("kernel", "stack", "crossing"),
    [
        (5, (3, 3), Fraction(7)),
        (7, (3, 3, 3), Fraction(11)),
        (7, (3, 5), Fraction(15)),
        (9, (3, 3, 3, 3), Fraction(15)),
        (5, (3, 3, 1), Fraction(3)),
        (3, (3, 3), Fraction(-9)),
        (5, (3,), None),
    ],
)
def test_the_crossing_on_paper(kernel: int, stack: tuple[int, ...], crossing: Fraction | None) -> None:
    assert paper_crossing(kernel, stack) == crossing


@given(kernel=ODD, stack=STACKS, n=st.integers(min_value=1, max_value=10_000))
def test_on_paper_one_kernel_costs_less_above_the_crossing_and_more_below(
    kernel: int, stack: tuple[int, ...], n: int
) -> None:
    crossing = paper_crossing(kernel, stack)
    one, several = paper_macs((kernel,), n), paper_macs(stack, n)
    if crossing is None:
        assert one - several == kernel**2 - stack[0] ** 2
    else:
        assert (one < several, one == several) == (n > crossing, n == crossing)


@given(kernel=ODD, stack=STACKS, m=CHANNELS, n=st.integers(min_value=1, max_value=400))
def test_as_built_one_kernel_costs_less_above_the_crossing(kernel: int, stack: tuple[int, ...], m: int, n: int) -> None:
    crossing = built_crossing(kernel, stack, m)
    one = m * (kernel**2 + n)
    several = m * (stack[0] ** 2 + n) + sum(n * (size**2 + n) for size in stack[1:])
    if crossing is None:
        assert len(stack) == 1
    elif abs(n - crossing) > 1e-6:
        assert (one < several) == (n > crossing)
    else:
        assert one == several


@given(kernel=ODD, stack=STACKS)
def test_both_crossings_agree_where_m_is_n(kernel: int, stack: tuple[int, ...]) -> None:
    paper = paper_crossing(kernel, stack)
    if paper is not None and paper > 0 and paper.denominator == 1:
        assert built_crossing(kernel, stack, int(paper)) == pytest.approx(float(paper))


@given(kernels=STACKS, m=CHANNELS, n=CHANNELS, height=EXTENTS, width=EXTENTS, stride=st.integers(1, 3))
def test_the_layers_cost_what_its_formula_says(
    kernels: tuple[int, ...], m: int, n: int, height: int, width: int, stride: int
) -> None:
    plan = layers_plan(KernelQuestion(5, kernels, (n,), m, height, width, stride), kernels, n)
    pixels = -(-height // stride) * -(-width // stride)
    first, *others = kernels
    per_pixel = m * (first**2 + n) + sum(n * (size**2 + n) for size in others)
    assert total(plan_costs(plan)).macs == pixels * per_pixel
    norms = 2 * (m + n) + 4 * n * len(others)
    assert total(plan_costs(plan)).params == per_pixel + norms


@settings(max_examples=20)
@given(
    kernels=STACKS, m=CHANNELS, n=CHANNELS, height=EXTENTS, width=EXTENTS, stride=st.integers(1, 2), bare=st.booleans()
)
def test_the_layers_are_built_as_they_are_counted(
    kernels: tuple[int, ...], m: int, n: int, height: int, width: int, stride: int, bare: bool
) -> None:
    plan = layers_plan(KernelQuestion(5, kernels, (n,), m, height, width, stride, norm_act=not bare), kernels, n)
    costs = plan_costs(plan)
    found = audit(build(plan, resolve_device(parse_device("cpu"))), plan, costs)
    assert found.agrees
    assert found.macs == total(costs).macs


@given(kernel=st.integers(min_value=1, max_value=20).map(lambda half: 2 * half + 1))
def test_the_default_stack_sees_as_much(kernel: int) -> None:
    assert receptive_field(equal_stack(kernel), stride=1) == kernel


def test_a_stride_in_the_first_layer_widens_what_the_others_see() -> None:
    assert receptive_field((3, 3), stride=1) == 5
    assert receptive_field((3, 3), stride=2) == 7
    assert receptive_field((5,), stride=2) == 5
