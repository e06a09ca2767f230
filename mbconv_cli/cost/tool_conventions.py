"""How other tools count: in closed form, what each adds to the MACs of this project, op by op.

Read from the tools' source: fvcore 0.1.5 (nn/flop_count.py, nn/jit_handles.py), ptflops 0.7 (pytorch_ops.py,
pytorch_engine.py), torchinfo 1.8 (layer_info.py), thop 0.1.1 (profile.py, vision/basic_hooks.py) and
torch.utils.flop_counter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from mbconv_cli.cost.counts import cost_of
from mbconv_cli.plan.op_kinds import (
    OP_NAMES,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Kind,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.plan.ops import Op
from mbconv_cli.units import FLOP, FLOPS_PER_MAC, MAC


@dataclass(frozen=True, slots=True)
class Form:
    """What computes an op in the module that is counted. Tools go by it, and overlook what they do not know.

    Attributes:
        function: the torch function, e.g. `torch.nn.functional.relu`.
        module: the class of the module that calls it, e.g. `torch.nn.modules.activation.ReLU`.
        leaf: whether that module has no modules inside.
    """

    function: str
    module: str
    leaf: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What a tool adds for the ops of a kind.

    Attributes:
        words: what the figure is, for the reader.
        count: how much for one op and one image, in the tool's unit.
        applies: in which form.
    """

    words: str
    count: Callable[[Op], int]
    applies: Callable[[Form], bool]


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool counts.

    Attributes:
        unit: MAC or FLOP.
        per_mac: what one MAC of this project counts.
        rules: what comes on top, for every kind of op there is.
    """

    unit: str
    per_mac: int
    rules: Mapping[type[Kind], tuple[Rule, ...]]


Difference: TypeAlias = tuple[str, int]


def differences(tool: Tool, computed: Iterable[tuple[Op, Form | None]]) -> list[Difference]:
    """What a tool adds to the MACs, summed up by its words, in the order in which they first occur.

    Args:
        tool: the tool's rules.
        computed: ops with what computes them; an op without a form adds nothing.
    """
    sums: dict[str, int] = {}
    for op, form in computed:
        if form is None:
            continue
        for rule in tool.rules[type(op.kind)]:
            if rule.applies(form):
                sums[rule.words] = sums.get(rule.words, 0) + rule.count(op)
    return [(words, count) for words, count in sums.items() if count]


def _elements_in(op: Op) -> int:
    return math.prod(op.inputs[0].shape)


def _elements_out(op: Op) -> int:
    return math.prod(op.output.shape)


def _bias(op: Op) -> int:
    """One for each element that a bias is added to."""
    assert isinstance(op.kind, Conv2d | Linear)
    return _elements_out(op) if op.kind.bias else 0


def _has_scale(op: Op) -> bool:
    assert isinstance(op.kind, BatchNorm)
    return op.kind.scale


def _padded_elements_in(op: Op) -> int:
    """Elements that go into a pooling, the padding included."""
    assert isinstance(op.kind, MaxPool | AvgPool)
    channels, height, width = op.inputs[0].shape
    top, bottom, left, right = op.kind.padding
    return channels * (height + top + bottom) * (width + left + right)


def _minus_convolution(op: Op) -> int:
    """What a convolution with a mixed kernel counts here besides the mixing."""
    assert isinstance(op.kind, ConditionalConv2d)
    return cost_of(op).params - cost_of(op).macs


def _every_kernel(op: Op) -> int:
    """One for every weight of every expert and pixel, in place of what is counted here."""
    return cost_of(op).params * math.prod(op.output.shape[1:]) - cost_of(op).macs


def _minus_macs(op: Op) -> int:
    return -cost_of(op).macs


def _always(_: Form) -> bool:
    return True


def _is_leaf(form: Form) -> bool:
    return form.leaf


def _is_module(*classes: str) -> Callable[[Form], bool]:
    return lambda form: form.module in classes


def _is_no_module(*classes: str) -> Callable[[Form], bool]:
    return lambda form: form.module not in classes


def _is_function(*functions: str) -> Callable[[Form], bool]:
    return lambda form: form.function in functions


_CONV: Final = "torch.nn.modules.conv.Conv2d"
_LINEAR: Final = "torch.nn.modules.linear.Linear"
_BATCH_NORMS: Final = ("torch.nn.modules.batchnorm.BatchNorm2d", "torch.nn.modules.batchnorm.BatchNorm1d")
_GROUP_NORM: Final = "torch.nn.modules.normalization.GroupNorm"
_RELUS: Final = tuple(f"torch.nn.modules.activation.{name}" for name in ("ReLU", "ReLU6", "LeakyReLU", "ELU"))
_ADAPTIVE_POOL: Final = "torch.nn.modules.pooling.AdaptiveAvgPool2d"
_PRELU: Final = "torch.nn.modules.activation.PReLU"
_AVG_POOL: Final = "torch.nn.modules.pooling.AvgPool2d"
_MAX_POOL: Final = "torch.nn.modules.pooling.MaxPool2d"
_ADAPTIVE_POOL_FUNCTION: Final = "torch.nn.functional.adaptive_avg_pool2d"


def _ignored(*kinds: type[Kind]) -> dict[type[Kind], tuple[Rule, ...]]:
    return dict.fromkeys(kinds, ())


_ELEMENT_WISE: Final = (ChannelShuffle, ChannelSlice, Concat, Add, Multiply, ChannelScale)
"""What moves elements or combines them one by one."""
_BIAS_OF_CONVOLUTIONS: Final = "bias of convolutions, 1 an element out"
_BIAS_OF_LINEAR: Final = "bias of linear layers, 1 an element out"

# Tools that ask for the exact class of a module overlook the classes derived from it.
_ATTENTION: Final[dict[type[Kind], tuple[Rule, ...]]] = {
    MultiQueryAttention: (Rule("attention, overlooked", _minus_macs, _always),)
}
_BLUR: Final[dict[type[Kind], tuple[Rule, ...]]] = {BlurPool: (Rule("blurs, overlooked", _minus_macs, _always),)}
_OVERLOOKED: Final = Rule(
    "Conv2d and Linear of derived classes, overlooked", _minus_macs, _is_no_module(_CONV, _LINEAR)
)

FVCORE: Final = Tool(
    MAC,
    1,
    {
        BatchNorm: (
            Rule("batch norm, 2 an element", lambda op: 2 * _elements_out(op) if _has_scale(op) else 0, _always),
            Rule(
                "batch norm without scale, 1 an element", lambda op: 0 if _has_scale(op) else _elements_out(op), _always
            ),
        ),
        GroupNorm: (Rule("group norm, 5 an element", lambda op: 5 * _elements_out(op), _always),),
        GlobalAvgPool: (Rule("average pooling, 1 an element in", _elements_in, _is_function(_ADAPTIVE_POOL_FUNCTION)),),
        **_ATTENTION,
        **_ignored(Conv2d, ConditionalConv2d, BlurPool, Linear, Activation, PReLU, MaxPool, AvgPool, *_ELEMENT_WISE),
    },
)

# ptflops hooks modules, and patches functions besides: a module that calls one of these is counted twice.
_WITH_WEIGHTS: Final = _is_module(_CONV, _LINEAR)
_PTFLOPS_MAX_POOL: Final = "max pooling as a function, 1 an element in"
PTFLOPS: Final = Tool(
    MAC,
    1,
    {
        Conv2d: (Rule(_BIAS_OF_CONVOLUTIONS, _bias, _WITH_WEIGHTS), _OVERLOOKED),
        Linear: (Rule(_BIAS_OF_LINEAR, _bias, _WITH_WEIGHTS), _OVERLOOKED),
        ConditionalConv2d: (Rule("convolutions with mixed kernels, overlooked", _minus_convolution, _always),),
        BatchNorm: (Rule("batch norm, 2 an element", lambda op: 2 * _elements_out(op), _is_module(*_BATCH_NORMS)),),
        GroupNorm: (Rule("group norm, 2 an element", lambda op: 2 * _elements_out(op), _is_module(_GROUP_NORM)),),
        Activation: (
            Rule("ReLU, ReLU6, LeakyReLU and ELU as modules, 1 an element", _elements_out, _is_module(*_RELUS)),
            Rule(
                "ReLU, ELU, SiLU and GELU as functions, 1 an element",
                _elements_out,
                _is_function(*(f"torch.nn.functional.{name}" for name in ("relu", "relu6", "elu", "silu", "gelu"))),
            ),
        ),
        GlobalAvgPool: (
            Rule("average pooling as a module, 1 an element in", _elements_in, _is_module(_ADAPTIVE_POOL)),
            Rule("average pooling as a function, 1 an element in", _elements_in, _is_function(_ADAPTIVE_POOL_FUNCTION)),
        ),
        MaxPool: (
            Rule("max pooling as a module, 1 an element in", _elements_in, _is_module(_MAX_POOL)),
            Rule(_PTFLOPS_MAX_POOL, _elements_in, _is_module(_MAX_POOL)),
            Rule(_PTFLOPS_MAX_POOL, _padded_elements_in, _is_no_module(_MAX_POOL)),
        ),
        PReLU: (
            Rule("PReLU as a module, 1 an element", _elements_out, _is_module(_PRELU)),
            Rule("PReLU as a function, 1 an element", _elements_out, _always),
        ),
        AvgPool: (
            Rule("average pooling as a module, 1 an element in", _elements_in, _is_module(_AVG_POOL)),
            Rule("average pooling as a function, 1 an element in", _elements_in, _is_module(_AVG_POOL)),
            Rule(
                "average pooling as a function, 1 an element in and one more channel",
                lambda op: _padded_elements_in(op) // op.output.channels * (op.output.channels + 1),
                _is_no_module(_AVG_POOL),
            ),
        ),
        **_ATTENTION,
        **_BLUR,
        **_ignored(*_ELEMENT_WISE),
    },
)

TORCHINFO: Final = Tool(
    MAC,
    1,
    {
        Conv2d: (Rule(_BIAS_OF_CONVOLUTIONS, _bias, _is_leaf),),
        Linear: (Rule(_BIAS_OF_LINEAR, _bias, _is_leaf),),
        ConditionalConv2d: (Rule("kernels of all experts at every pixel", _every_kernel, _is_leaf),),
        BatchNorm: (Rule("params of batch norm", lambda op: cost_of(op).params, _is_leaf),),
        GroupNorm: (Rule("params of group norm", lambda op: cost_of(op).params, _is_leaf),),
        PReLU: (Rule("params of PReLU", lambda op: cost_of(op).params, _is_leaf),),
        **_ATTENTION,
        **_BLUR,
        **_ignored(Activation, GlobalAvgPool, MaxPool, AvgPool, *_ELEMENT_WISE),
    },
)

THOP: Final = Tool(
    MAC,
    1,
    {
        Conv2d: (_OVERLOOKED,),
        Linear: (_OVERLOOKED,),
        ConditionalConv2d: (_OVERLOOKED,),
        BatchNorm: (Rule("batch norm, 4 an element", lambda op: 4 * _elements_out(op), _is_module(*_BATCH_NORMS)),),
        GlobalAvgPool: (
            Rule(
                "average pooling as a module, 1 an element in and out",
                lambda op: _elements_in(op) + _elements_out(op),
                _is_module(_ADAPTIVE_POOL),
            ),
        ),
        AvgPool: (Rule("average pooling as a module, 1 an element out", _elements_out, _is_module(_AVG_POOL)),),
        PReLU: (Rule("PReLU as a module, 1 an element", _elements_out, _is_module(_PRELU)),),
        **_ATTENTION,
        **_BLUR,
        **_ignored(GroupNorm, Activation, MaxPool, *_ELEMENT_WISE),
    },
)

FLOP_COUNTER: Final = Tool(
    FLOP,
    FLOPS_PER_MAC,
    _ignored(*OP_NAMES),
)

TOOLS: Final[Mapping[str, Tool]] = {
    "fvcore": FVCORE,
    "ptflops": PTFLOPS,
    "torchinfo": TORCHINFO,
    "thop": THOP,
    "flop_counter": FLOP_COUNTER,
}
