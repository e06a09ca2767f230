"""Inputs of a module: tensors of given shapes and dtypes, by position or by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.export import ExportedProgram

from mbconv_cli.errors import InputError
from mbconv_cli.spec.code_reference import InputShape


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a module is called with."""

    positional: tuple[Tensor, ...]
    named: Mapping[str, Tensor]

    def all(self) -> tuple[Tensor, ...]:
        """All tensors, the positional ones first."""
        return (*self.positional, *self.named.values())

    def cast(self, dtype: torch.dtype, memory_format: torch.memory_format) -> Inputs:
        """The same in a dtype, where they are no integers, and in a memory format, where they have four dimensions."""

        def one(tensor: Tensor) -> Tensor:
            lying = tensor.to(memory_format=memory_format) if tensor.dim() == 4 else tensor
            return lying.to(dtype) if lying.is_floating_point() else lying

        return Inputs(tuple(map(one, self.positional)), {name: one(tensor) for name, tensor in self.named.items()})


def as_inputs(given: Tensor | Sequence[Tensor] | Mapping[str, Tensor]) -> Inputs:
    """What a user calls a module with: one tensor, several, or several by name."""
    if isinstance(given, Tensor):
        return Inputs((given,), {})
    return Inputs((), dict(given)) if isinstance(given, Mapping) else Inputs(tuple(given), {})


def archived_inputs(exported: ExportedProgram) -> Inputs:
    """Inputs as an archive was exported with.

    Raises:
        InputError: the archive does not hold them.
    """
    if exported.example_inputs is None:
        raise InputError("the archive holds no example inputs; export it with its inputs, and save it again")
    positional, named = exported.example_inputs
    return Inputs(tuple(positional), dict(named))


def example_inputs(shapes: Sequence[InputShape], device: torch.device) -> Inputs:
    """Tensors of these shapes: random numbers, or zeros where the dtype is integer or bool.

    Zeros are an index of everything that can be indexed, whatever its size.

    Raises:
        InputError: an unnamed input follows a named one, or two have one name.
    """
    names = [one.name for one in shapes if one.name]
    if len(names) != len(set(names)):
        raise InputError(f"--input: two inputs have one name: {', '.join(names)}")
    first_named = next((index for index, one in enumerate(shapes) if one.name), len(shapes))
    if any(one.name is None for one in shapes[first_named:]):
        raise InputError("--input: inputs without a name come before those with one, as in a call of Python")
    tensors = [(one.name, _tensor(one, device)) for one in shapes]
    return Inputs(
        tuple(tensor for name, tensor in tensors if name is None),
        {name: tensor for name, tensor in tensors if name is not None},
    )


def shapes_of_inputs(inputs: Inputs) -> tuple[InputShape, ...]:
    """The shapes of tensors, so that such inputs can be made again."""
    named = [(None, tensor) for tensor in inputs.positional] + list(inputs.named.items())
    return tuple(InputShape(tuple(t.shape), name, str(t.dtype).removeprefix("torch.")) for name, t in named)


def _tensor(wanted: InputShape, device: torch.device) -> Tensor:
    dtype = getattr(torch, wanted.dtype)
    assert isinstance(dtype, torch.dtype)
    if dtype.is_floating_point:
        return torch.randn(wanted.shape, dtype=dtype, device=device)
    return torch.zeros(wanted.shape, dtype=dtype, device=device)
