"""The multiply-accumulates of calls of ATen: a formula for what multiplies, and a list of what has none.

A matrix product `[m, k] x [k, n]` has m n k of them; a convolution uses each weight once for every output pixel
(Howard et al., arXiv:1704.04861, equation 2), a transposed one once for every input pixel. What is in neither table is
unknown: never a silent zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from mbconv_cli.pytorch.capture.graph_calls import GraphCall


def macs_of(call: GraphCall) -> int | None:
    """The MACs of a call; 0 for what is listed to have none, None for what is in no table."""
    if call.target in MACS:
        return MACS[call.target](call)
    return 0 if call.target.removesuffix("_") in NO_MACS or call.target in NO_MACS else None


def _convolution(call: GraphCall) -> int:
    if call.arguments.get("transposed"):
        return _transposed_convolution(call)
    return math.prod(call.outputs[0]) * math.prod(call.shape("weight")[1:])


def _transposed_convolution(call: GraphCall) -> int:
    """`weight` is `[in, out / groups, ...]`."""
    return math.prod(call.shape("input")) * math.prod(call.shape("weight")[1:])


def _linear(call: GraphCall) -> int:
    return math.prod(call.outputs[0]) * call.shape("weight")[-1]


def _product(left: str) -> Callable[[GraphCall], int]:
    """Of a matrix product whose left factor is this argument, `[..., m, k]` or `[k]`."""
    return lambda call: math.prod(call.outputs[0]) * call.shape(left)[-1]


def _attention(call: GraphCall) -> int:
    """softmax(q k^T) v (Vaswani et al., arXiv:1706.03762, equation 1): both products, masked or not.

    `query` is `[..., L, E]`, `key` `[..., S, E]`, `value` `[..., S, V]`.
    """
    *batch, queries, width = call.shape("query")
    keys, width_out = call.shape("value")[-2:]
    return math.prod(batch) * queries * keys * (width + width_out)


def _recurrent(call: GraphCall) -> int:
    """Every matrix of a recurrent layer multiplies one vector in each step of each sequence."""
    first = call.arguments["input" if "input" in call.arguments else "data"]
    steps = math.prod(call.reads[first].shape[:-1])
    return steps * sum(math.prod(read.shape) for read in call.weights if len(read.shape) == 2)


def _bilinear(call: GraphCall) -> int:
    """x1^T W x2 for every output: `weight` is `[out, in1, in2]`."""
    _, first, second = call.shape("weight")
    return math.prod(call.outputs[0]) * (first + 1) * second


def _einsum(call: GraphCall) -> int:
    """Operands are contracted from left to right; what is in one operand alone and not wanted is summed up first."""
    inputs, _, output = str(call.arguments["equation"]).replace(" ", "").partition("->")
    terms = inputs.split(",")
    tensors = call.arguments["tensors"]
    sizes: dict[str, int] = {}
    named: list[str] = []
    for term, node in zip(terms, tensors, strict=True):
        term_named = _spelled_out(term, len(call.reads[node].shape))
        sizes |= {k: max(size, sizes.get(k, 1)) for k, size in zip(term_named, call.reads[node].shape, strict=True)}
        named.append(term_named)
    if not output:
        output = "".join(sorted(k for k in sizes if sum(term.count(k) for term in named) == 1))
    wanted = _spelled_out(output, len(call.outputs[0]))
    macs, left = 0, set(named[0])
    for index, term in enumerate(named[1:], start=1):
        later = set(wanted).union(*named[index + 1 :])
        both = {k for k in left | set(term) if (k in left and k in term) or k in later}
        macs += math.prod(sizes[k] for k in both)
        left = both & later
    return macs


def _spelled_out(term: str, rank: int) -> str:
    """A term with its ellipsis replaced by one sign for each dimension, counted from the last."""
    before, dots, after = term.partition("...")
    if not dots:
        return term
    count = rank - len(before) - len(after)
    return before + "".join(chr(0x100 + place) for place in reversed(range(count))) + after


def _deformed_convolution(call: GraphCall) -> int:
    return math.prod(call.outputs[0]) * math.prod(call.shape("weight")[1:])


MACS: Final[Mapping[str, Callable[[GraphCall], int]]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution", "_convolution"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed_convolution),
    "linear": _linear,
    "mm": _product("self"),
    "bmm": _product("self"),
    "matmul": _product("self"),
    "mv": _product("self"),
    "dot": lambda call: math.prod(call.shape("self")),
    "addmm": _product("mat1"),
    "addmv": _product("mat"),
    "baddbmm": _product("batch1"),
    "addbmm": lambda call: math.prod(call.shape("batch1")) * call.shape("batch2")[-1],
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
    "bilinear": _bilinear,
    "torchvision.deform_conv2d": _deformed_convolution,
}

NORMS: Final = frozenset(
    {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm", "native_batch_norm",
     "_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm", "linalg_vector_norm", "norm",
     "renorm"}
)  # fmt: skip
ACTIVATIONS: Final = frozenset(
    {"relu", "relu6", "hardtanh", "silu", "hardswish", "sigmoid", "hardsigmoid", "gelu", "mish", "elu", "selu", "celu",
     "leaky_relu", "prelu", "rrelu", "softplus", "softsign", "tanh", "hardshrink", "softshrink", "log_sigmoid", "glu",
     "threshold", "softmax", "log_softmax", "_softmax", "_log_softmax", "_safe_softmax"}
)  # fmt: skip
POOLINGS: Final = frozenset(
    {f"{kind}_pool{rank}d" for kind in ("avg", "max", "adaptive_avg", "adaptive_max", "lp") for rank in (1, 2, 3)}
    | {"max_pool2d_with_indices", "mean", "sum", "amax", "amin", "max", "min", "std", "var", "var_mean", "std_mean",
       "logsumexp", "argmax", "argmin", "any", "all", "topk", "sort", "argsort", "cumsum", "prod"}
)  # fmt: skip
ELEMENTWISE: Final = frozenset(
    {"add", "sub", "rsub", "mul", "div", "neg", "abs", "exp", "exp2", "expm1", "log", "log2", "log1p", "sqrt", "rsqrt",
     "pow", "square", "reciprocal", "sin", "cos", "tan", "atan2", "erf", "sign", "floor", "ceil", "round", "trunc",
     "clamp", "clamp_min", "clamp_max", "maximum", "minimum", "where", "masked_fill", "eq", "ne", "lt", "le", "gt",
     "ge",
     "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_not", "__and__", "__or__",
     "floor_divide", "remainder", "fmod", "lerp", "addcmul", "addcdiv", "nan_to_num", "isnan", "isinf", "dropout",
     "feature_dropout", "alpha_dropout", "bernoulli", "_to_copy", "to", "type_as", "float", "cosine_similarity",
     "normalize", "isfinite", "bitwise_xor", "__xor__", "logit", "acos", "asin", "atan", "sinh", "cosh", "softcap"}
)  # fmt: skip
SHAPES: Final = frozenset(
    {"cat", "concat", "stack", "clone", "contiguous", "reshape", "flatten", "view", "permute", "transpose", "pad",
     "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "roll", "flip", "repeat", "repeat_interleave", "tile",
     "expand", "index", "index_select", "gather", "scatter", "index_put", "copy", "slice_scatter", "select_scatter",
     "unfold", "im2col", "col2im", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "upsample_nearest2d",
     "upsample_bilinear2d", "upsample_bicubic2d", "upsample_nearest1d", "upsample_nearest3d", "upsample_trilinear3d",
     "upsample_linear1d", "_upsample_nearest_exact2d", "_upsample_bicubic2d_aa", "_upsample_bilinear2d_aa",
     "grid_sampler", "grid_sampler_2d", "affine_grid_generator", "embedding", "embedding_bag", "one_hot", "arange",
     "zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones",
     "new_full", "new_empty", "scalar_tensor", "tensor", "eye", "linspace", "meshgrid", "tril", "triu", "rot90",
     "fill", "zero", "masked_select", "nonzero", "take_along_dim", "split", "chunk", "unbind", "lift_fresh_copy",
     "diff", "diagonal", "movedim", "narrow", "select", "squeeze", "unsqueeze", "rand", "randn", "randn_like",
     "rand_like", "randint", "randperm", "bucketize", "searchsorted", "cross", "hann_window", "fold", "detach",
     "tril_indices", "triu_indices", "column_stack", "hstack", "vstack", "as_strided", "masked_scatter", "unflatten",
     "expand_as", "view_as", "swapaxes", "item", "_local_scalar_dense", "fill_diagonal", "resize", "atleast_1d",
     "slice", "getitem"}
)  # fmt: skip
NO_MACS: Final = NORMS | ACTIVATIONS | POOLINGS | ELEMENTWISE | SHAPES
"""What has no MACs by this project's convention, an embedding bag's sum included: it multiplies by no matrix."""
