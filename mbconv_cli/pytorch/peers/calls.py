"""What a module computes, in the order of execution: the torch functions it calls, and in which of its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name

# The tensors behind the input, in the order of the function's arguments.
WEIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "conv2d": ("weight", "bias"),
    "linear": ("weight", "bias"),
    "batch_norm": ("running_mean", "running_var", "weight", "bias"),
    "matmul": ("weight",),
}
_ATTENTION: Final = "scaled_dot_product_attention"
TRAINABLE: Final = ("weight", "bias")
SAMPLE_SIZE: Final = 10_000
EXPERTS_FUNCTION: Final = "conditional_conv2d"
"""What a convolution is called here whose kernel was mixed of experts: a product with their kernels goes before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a function that gave a tensor.

    Attributes:
        function: its public name, e.g. `torch.nn.functional.conv2d`.
        path: the dotted path of the innermost module that was running.
        module: that module.
        weights: the module's tensors that the function was given, by the names of its arguments.
        output_shape: without the batch.
        sample: elements of the output at even distances, at most twice `SAMPLE_SIZE`; empty on the meta device.
        macs: multiply-accumulates of a convolution, a linear layer, a mixture of kernels or attention for one image; 0
            for all else.
    """

    function: str
    path: str
    module: nn.Module
    weights: Mapping[str, Tensor]
    output_shape: tuple[int, ...]
    sample: Tensor
    macs: int = 0

    @property
    def short_name(self) -> str:
        """`conv2d`: without the place it is found in, and the same whether in place or not."""
        name = self.function.rpartition(".")[2]
        return name if name.startswith("__") else name.removesuffix("_")

    @property
    def params(self) -> int:
        """Trainable parameters that it used."""
        return sum(
            one.numel() for name, one in self.weights.items() if name in TRAINABLE and isinstance(one, nn.Parameter)
        )


def record_calls(module: nn.Module, image: Tensor) -> tuple[Tensor, list[Call]]:
    """Run a module once, without gradients, and tell its output and all calls in the order of execution.

    Functions that a function calls in turn are left out.

    Args:
        module: what to run.
        image: `[1, C, H, W]`, on the module's device.
    """
    recorder = _Recorder()
    with torch.no_grad(), _followed(module, recorder.running), recorder:
        output: Tensor = module(image)
    return output, _with_experts_joined(recorder.calls)


class _Recorder(TorchFunctionMode):
    """Keeps the calls; `running` is the stack of modules, the innermost last."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.running: list[tuple[str, nn.Module]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        tensor = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(tensor, Tensor) and self.running:
            self.calls.append(self._call(resolve_name(func) or str(func), args, kwargs or {}, tensor))
        return output

    def _call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> Call:
        name = function.rpartition(".")[2]
        names = WEIGHTS.get(name, ())
        given = dict(zip(names, args[1:], strict=False)) | kwargs
        wanted = nn.Parameter if name == "matmul" else Tensor  # any other product is of two values
        weights = {name: given[name] for name in names if isinstance(given.get(name), wanted)}
        path, module = self.running[-1]
        shape = tuple(output.shape[1:])
        macs = _attention_macs(*args) if name == _ATTENTION else _macs(name, weights, shape)
        return Call(function, path, module, weights, shape, _sample(output), macs)


def _attention_macs(queries: Tensor, keys: Tensor, values: Tensor, *_: Any) -> int:
    """Both products of attention for one image: queries `[N, ..., L, K]`, keys `[.., S, K]`, values `[.., S, V]`."""
    return math.prod(queries.shape[1:-1]) * keys.shape[-2] * (queries.shape[-1] + values.shape[-1])


def _macs(name: str, weights: Mapping[str, Tensor], output_shape: tuple[int, ...]) -> int:
    """Of a call for one image."""
    if "weight" not in weights:
        return 0
    shape = weights["weight"].shape
    match name:
        case "conv2d":
            return math.prod(output_shape) * math.prod(shape[1:])
        case "linear":
            return math.prod(output_shape) * shape[1]
        case "matmul":
            return math.prod(output_shape) * shape[0]
        case _:
            return 0


def _with_experts_joined(calls: Sequence[Call]) -> list[Call]:
    """The calls, with one for each convolution and the products with the kernels of experts that go before it."""
    joined: list[Call] = []
    mixed: list[Call] = []
    for call in calls:
        if call.short_name == "matmul" and call.weights:
            mixed.append(call)
        elif call.short_name == "conv2d" and mixed and call.path == mixed[-1].path:
            weights = {name: one.weights["weight"] for name, one in zip(TRAINABLE, mixed, strict=False)}
            macs = call.macs + sum(one.macs for one in mixed)
            joined.append(replace(call, function=EXPERTS_FUNCTION, weights=weights, macs=macs))
            mixed = []
        else:
            joined.append(call)
    return joined + mixed


@contextmanager
def _followed(root: nn.Module, running: list[tuple[str, nn.Module]]) -> Iterator[None]:
    """Keep the stack of running modules up to date by hooks, which are gone afterwards."""

    def enter(path: str) -> Callable[[nn.Module, Any], None]:
        return lambda module, _: running.append((path, module))

    def leave(_: nn.Module, __: Any, ___: Any) -> None:
        running.pop()

    handles = []
    for path, module in root.named_modules():
        handles.append(module.register_forward_pre_hook(enter(path)))
        handles.append(module.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _sample(output: Tensor) -> Tensor:
    if output.is_meta:
        return torch.empty(0)
    elements = output.detach().flatten()
    return elements[:: max(1, elements.numel() // SAMPLE_SIZE)].clone()
