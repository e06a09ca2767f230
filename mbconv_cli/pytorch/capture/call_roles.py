"""What a captured call is: its role, from its function and, for a convolution, from its weights."""

from __future__ import annotations

from typing import Final

from mbconv_cli.plan.ops import Role
from mbconv_cli.pytorch.capture.graph_calls import GraphCall
from mbconv_cli.pytorch.capture.mac_formulas import ACTIVATIONS, ELEMENTWISE, NORMS, POOLINGS, SHAPES

ATTENTION: Final = frozenset({"scaled_dot_product_attention"})
LINEAR: Final = frozenset({"linear", "addmm", "addmv", "bilinear"})
RECURRENT: Final = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
PRODUCTS: Final = frozenset({"mm", "bmm", "matmul", "mv", "dot", "baddbmm", "addbmm", "einsum"})
BY_TABLE: Final[tuple[tuple[frozenset[str], Role], ...]] = (
    (ATTENTION | PRODUCTS, "attention"),
    (LINEAR, "linear"),
    (RECURRENT, "recurrent"),
    (NORMS, "norm"),
    (ACTIVATIONS, "activation"),
    (POOLINGS, "pooling"),
    (ELEMENTWISE, "element-wise"),
    (SHAPES, "shape"),
)


def role_of(call: GraphCall) -> Role:
    """The role of a call; a product of two computed matrices belongs to attention, one with a weight is linear."""
    name = call.target if call.target in SHAPES else call.target.removesuffix("_")
    if "conv" in name:
        return _convolution(call)
    if name in PRODUCTS and call.weights:
        return "linear"
    return next((role for table, role in BY_TABLE if name in table), "other")


def _convolution(call: GraphCall) -> Role:
    weight, groups = call.shape("weight"), call.arguments.get("groups", 1)
    if groups > 1 and groups == weight[0] and weight[1] == 1:
        return "depthwise"
    return "pointwise" if set(weight[2:]) == {1} else "convolution"
