"""Forms of execution: what they are called, and which there cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.errors import InputError
from mbconv_cli.measure import execution
from mbconv_cli.measure.execution import (
    DEFAULT,
    Allocator,
    Backend,
    Dtype,
    Execution,
    MemoryFormat,
    Mode,
    plan_to_run,
    require_possible,
    require_supported,
)
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import fold_norm, without_norm_and_activation


@pytest.fixture(scope="module")
def plan() -> Plan:
    return open_network("mobilenet-v2-0.35", resolution=32).plan


@pytest.mark.parametrize("dtype", list(Dtype))
def test_an_element_is_as_large_as_torch_says(dtype: Dtype) -> None:
    assert dtype.element_size == getattr(torch, dtype.value).itemsize


def test_settings_tell_every_choice() -> None:
    every = Execution(8, Dtype.FLOAT16, MemoryFormat.CHANNELS_LAST, Mode.COMPILE, fold_norm=True, threads=3)
    assert every.settings() == {
        "backend": "torch",
        "mode": "compile",
        "dtype": "float16",
        "memory_format": "channels_last",
        "fold_norm": True,
        "pass": "forward",
        "threads": 3,
        "allocator": DEFAULT.memory.value,
        "tf32": None,
    }
    assert replace(DEFAULT, training=True).settings() == DEFAULT.settings() | {"pass": "train"}


@pytest.mark.parametrize(("mode", "by_layer"), [(Mode.EAGER, True), (Mode.COMPILE, False), (Mode.CUDAGRAPH, True)])
def test_a_compiled_network_has_no_layers(mode: Mode, by_layer: bool) -> None:
    assert Execution(mode=mode).by_layer is by_layer


@pytest.mark.parametrize(
    ("execution", "told"),
    [
        (Execution(training=True, mode=Mode.COMPILE), "--pass train with --mode compile"),
        (Execution(training=True, mode=Mode.CUDAGRAPH), "--pass train with --mode cudagraph"),
        (Execution(training=True, fold_norm=True), "--pass train with --fold-norm"),
        (Execution(allocator=Allocator.KEEP, backend=Backend.ONNXRUNTIME), "its arena keeps memory anyway"),
        (Execution(training=True), "one value a channel; take a larger --batch-size or --resolution"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(plan: Plan, execution: Execution, told: str) -> None:
    with pytest.raises(InputError) as caught:
        require_possible(plan, execution)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "execution",
    [
        DEFAULT,
        Execution(batch_size=2, training=True),
        Execution(fold_norm=True, mode=Mode.COMPILE, dtype=Dtype.BFLOAT16, memory_format=MemoryFormat.CHANNELS_LAST),
    ],
)
def test_what_can_be_is_let_through(plan: Plan, execution: Execution) -> None:
    require_possible(plan, execution)


def test_folding_nothing_is_refused(plan: Plan) -> None:
    with pytest.raises(InputError, match="no batch norm that directly follows a convolution"):
        require_possible(without_norm_and_activation(plan), Execution(fold_norm=True))


def test_the_plan_that_is_run(plan: Plan) -> None:
    assert plan_to_run(plan, DEFAULT) is plan
    assert plan_to_run(plan, Execution(fold_norm=True)) == fold_norm(plan)


def test_memory_is_kept_on_the_cpu_and_where_nobody_else_does() -> None:
    require_supported(Execution(allocator=Allocator.KEEP), "cpu")
    with pytest.raises(InputError, match="torch keeps the memory of cuda devices anyway"):
        require_supported(Execution(allocator=Allocator.KEEP), "cuda")


@pytest.mark.parametrize(("possible", "memory"), [(True, Allocator.KEEP), (False, Allocator.SYSTEM)])
def test_memory_is_kept_by_default_where_the_c_library_can(
    possible: bool, memory: Allocator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "can_keep_memory", lambda: possible)
    assert Execution().memory is memory
    assert Execution(allocator=Allocator.SYSTEM).memory is Allocator.SYSTEM


def test_graphs_are_for_cuda() -> None:
    require_supported(Execution(mode=Mode.CUDAGRAPH), "cuda")
    require_supported(Execution(mode=Mode.COMPILE), "cpu")
    with pytest.raises(InputError, match="captured on CUDA devices only, and this is cpu"):
        require_supported(Execution(mode=Mode.CUDAGRAPH), "cpu")
