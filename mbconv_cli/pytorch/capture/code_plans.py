"""A reference to code -> Plan. The one door through which a command that only counts enters torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram

from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.capture.capture import captured_plan
from mbconv_cli.pytorch.capture.example_inputs import (
    Inputs,
    archived_inputs,
    as_inputs,
    example_inputs,
    shapes_of_inputs,
)
from mbconv_cli.pytorch.capture.exporting import export_module, translated
from mbconv_cli.pytorch.capture.module_loading import keep_module, make_module, stated_inputs
from mbconv_cli.spec.code_reference import CodeReference, Origin

META = torch.device("meta")


def plan_of_code(code: CodeReference) -> Plan:
    """Make the module of a reference, capture it, and keep its Plan.

    On the meta device, where nothing is computed and weights take no memory; on the CPU where a module needs numbers
    to be made.

    Raises:
        InputError: the code cannot be run, or its module cannot be captured; or it is an archive, which has one mode.
    """
    if code.training and code.origin is Origin.ARCHIVE:
        raise InputError(f"--pass train: {code.text} holds the calls of one mode; name the code that makes its module")
    captured = captured_plan(exported_code(code), code.text, views=code.views)
    return replace(captured.plan, code=replace(code, batch_size=captured.batch_size))


def plan_of_module(module: nn.Module, inputs: Any) -> Plan:
    """The Plan of a module of this process.

    Args:
        module: it is put into eval mode.
        inputs: a tensor, a sequence of them, or a mapping of them by name.

    Raises:
        InputError: it cannot be captured.
    """
    name, given = type(module).__name__, as_inputs(inputs)
    captured = captured_plan(export_module(module.eval(), given, name), name)
    key = keep_module(module)
    code = CodeReference(name, Origin.OBJECT, key, name, (), shapes_of_inputs(given), captured.batch_size)
    return replace(captured.plan, code=code)


def plan_captured_as(plan: Plan, *, training: bool, views: bool) -> Plan:
    """The Plan of a Plan's code in another mode, or with its views; the same one where it is so already.

    Raises:
        InputError: the module is gone, or cannot be captured so.
    """
    code = plan.code
    if code is None or (code.training, code.views) == (training, views):
        return plan
    return plan_of_code(replace(code, training=training, views=views))


def exported_code(code: CodeReference) -> ExportedProgram:
    """The module of a reference, exported.

    Raises:
        InputError: likewise.
    """
    if code.origin is Origin.ARCHIVE:
        return _archive(code)
    try:
        return exported_with(code, META)[2]
    except InputError:
        return exported_with(code, torch.device("cpu"))[2]


def exported_with(
    code: CodeReference,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> tuple[nn.Module, Inputs, ExportedProgram]:
    """The module of a reference, inputs for it, and both exported.

    Args:
        code: the reference.
        device: where weights and inputs are made.
        dtype: of weights, and of inputs that are no integers.
        memory_format: of weights and inputs with four dimensions.

    Raises:
        InputError: the code cannot be run, or its module cannot be captured.
    """
    if code.origin is Origin.ARCHIVE:
        exported = _archive(code)
        module: nn.Module = exported.module(check_guards=False)
        inputs = archived_inputs(exported)
        return module, inputs, exported
    module = make_module(code, device)
    module.to(dtype).to(memory_format=memory_format)
    inputs = example_inputs(stated_inputs(code, module), device).cast(dtype, memory_format)
    return module, inputs, export_module(module, inputs, code.text)


def _archive(code: CodeReference) -> ExportedProgram:
    if code.inputs or code.arguments:
        raise InputError(
            f"{code.text}: an archive holds its inputs' shapes and takes no arguments; leave out --input and --arg"
        )
    if not Path(code.place).is_file():
        raise InputError(f"{code.place}: no such file")
    with translated(code.text, "cannot be read"):
        return torch.export.load(code.place)
