"""The closed forms against fvcore, op by op: two counts that share no code."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import Cost
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.pytorch.device_memory import require_memory

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # fvcore's own imports
    from fvcore.nn import FlopCountAnalysis
    from fvcore.nn.jit_handles import addmm_flop_jit, conv_flop_jit, linear_flop_jit, matmul_flop_jit


def _attention_macs(inputs: list[Any], _: list[Any]) -> int:
    """Both products of attention: queries `[N, heads, L, K]` with keys `[.., S, K]`, and their weights with values."""
    queries, keys, values = (one.type().sizes() for one in inputs[:3])
    weights = math.prod(queries[:3]) * keys[2]
    return int(weights * queries[3] + weights * values[3])


# The convention of this project, op by op. Whatever is in neither table is unknown, and fails the audit.
COUNTED: Final[dict[str, Any]] = {
    "aten::_convolution": conv_flop_jit,
    "aten::convolution": conv_flop_jit,
    "aten::linear": linear_flop_jit,
    "aten::addmm": addmm_flop_jit,
    "aten::matmul": matmul_flop_jit,
    "aten::scaled_dot_product_attention": _attention_macs,
}
NO_MACS: Final = (
    "aten::batch_norm",
    "aten::group_norm",
    "aten::relu",
    "aten::relu_",
    "aten::hardtanh",
    "aten::hardtanh_",
    "aten::relu6",
    "aten::relu6_",
    "aten::silu",
    "aten::silu_",
    "aten::hardswish",
    "aten::hardswish_",
    *("aten::leaky_relu", "aten::leaky_relu_", "aten::elu", "aten::elu_", "aten::mish", "aten::mish_", "aten::tanh"),
    "aten::gelu",
    "aten::sigmoid",
    "aten::sigmoid_",
    "aten::hardsigmoid",
    "aten::hardsigmoid_",
    "aten::adaptive_avg_pool2d",
    "aten::max_pool2d",
    "aten::avg_pool2d",
    "aten::ones_like",
    "aten::div",
    "aten::prelu",
    "aten::reshape",
    "aten::transpose",
    "aten::unsqueeze",
    "aten::slice",
    "aten::cat",
    "aten::flatten",
    "aten::pad",
    "aten::constant_pad_nd",
    "aten::add",
    "aten::add_",
    "aten::mul",
    "aten::mul_",
)

OUTSIDE: Final = "outside of every op"


def audit_plan(plan: Plan, costs: Sequence[Cost]) -> Audit:
    """Build a Plan on the CPU in float32, and audit it.

    Raises:
        InputError: the machine has too little memory.
    """
    cpu = torch.device("cpu")
    require_memory(forward_bytes(plan, costs, 1, torch.float32.itemsize), cpu, "verify it where there is more")
    return audit(build(plan, cpu), plan, costs)


def audit(network: Network, plan: Plan, costs: Sequence[Cost]) -> Audit:
    """Count a built network with fvcore, in one pass of one image, and compare with the Plan's closed forms.

    Args:
        network: the Plan, built.
        plan: what it was built from.
        costs: the closed forms, in the Plan's order.
    """
    first = next(network.parameters(), None)  # poolings alone have none
    image = torch.zeros(1, *plan.input_shape, device=None if first is None else first.device)
    analysis = FlopCountAnalysis(network, image)
    analysis.clear_op_handles().set_op_handle(**COUNTED, **dict.fromkeys(NO_MACS))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    with torch.no_grad():
        counted: Counter[str] = analysis.by_module()
    return Audit(
        ops=len(plan.ops),
        macs=int(counted[""]),
        params=sum(parameter.numel() for parameter in network.parameters()),
        expected_params=sum(cost.params for cost in costs),
        disagreements=tuple(_disagreements(plan, costs, counted)),
        unknown=tuple(sorted(analysis.unsupported_ops().items())),
    )


def _disagreements(plan: Plan, costs: Sequence[Cost], counted: Counter[str]) -> Iterator[Disagreement]:
    for op, cost in zip(plan.ops, costs, strict=True):
        if cost.macs != counted[op.name]:
            yield Disagreement(op.name, cost.macs, int(counted[op.name]))
    outside = counted[""] - sum(counted[op.name] for op in plan.ops)
    if outside:
        yield Disagreement(OUTSIDE, 0, int(outside))
