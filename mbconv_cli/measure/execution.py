"""In which form a network is run: what is chosen beside the network itself. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.machine.allocator import can_keep_memory
from mbconv_cli.plan.op_kinds import BatchNorm
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.parallel_sums import merge_parallel_sums, parallel_sums
from mbconv_cli.plan.plan_rewrites import fold_norm, folded_norms
from mbconv_cli.report.model import Cell


class Dtype(str, Enum):
    """What weights and activations are made of."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"

    @property
    def element_size(self) -> int:
        """Bytes of an element."""
        return 4 if self is Dtype.FLOAT32 else 2


class MemoryFormat(str, Enum):
    """How feature maps lie in memory: channel by channel, or pixel by pixel."""

    CONTIGUOUS = "contiguous"
    CHANNELS_LAST = "channels_last"


class Mode(str, Enum):
    """How the ops are started."""

    EAGER = "eager"
    COMPILE = "compile"
    CUDAGRAPH = "cudagraph"


class Backend(str, Enum):
    """Which program runs the ops."""

    TORCH = "torch"
    ONNXRUNTIME = "onnxruntime"


class Allocator(str, Enum):
    """What becomes of memory that a pass frees: the C library decides, or the process keeps it for the next pass."""

    SYSTEM = "system"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Execution:
    """A form of execution.

    Attributes:
        batch_size: images in a batch.
        dtype: of weights and images.
        memory_format: of weights and images.
        mode: how the ops are started.
        fold_norm: whether batch norms are folded into the convolutions before them.
        reparameterize: whether norms are folded, and parallel convolutions and their sum are one convolution.
        training: whether a pass is forward and backward with batch norm in training mode, or forward alone.
        threads: on the CPU; the default number if absent.
        backend: which program runs the ops.
        allocator: what becomes of memory that a pass frees, on the CPU; `memory` is the default if absent.
        tf32: whether float32 convolutions and products may be computed in TensorFloat-32; torch's defaults if absent.
    """

    batch_size: int = 1
    dtype: Dtype = Dtype.FLOAT32
    memory_format: MemoryFormat = MemoryFormat.CONTIGUOUS
    mode: Mode = Mode.EAGER
    fold_norm: bool = False
    training: bool = False
    threads: int | None = None
    backend: Backend = Backend.TORCH
    allocator: Allocator | None = None
    tf32: bool | None = None
    reparameterize: bool = False

    @property
    def by_layer(self) -> bool:
        """Whether layers can be timed one by one."""
        return self.mode is not Mode.COMPILE

    @property
    def memory(self) -> Allocator:
        """What becomes of memory that a pass frees: it is kept where the C library can, unless chosen otherwise.

        How many pages a pass touches for the first time is the luck of a process, and what one costs that of a moment;
        neither is the network's.
        """
        return self.allocator or (Allocator.KEEP if can_keep_memory() else Allocator.SYSTEM)

    def settings(self) -> dict[str, Cell]:
        """The settings in a report's provenance; the batch is part of its subject."""
        return {
            "backend": self.backend.value,
            "mode": self.mode.value,
            "dtype": self.dtype.value,
            "memory_format": self.memory_format.value,
            "fold_norm": self.fold_norm,
            "pass": "train" if self.training else "forward",
            "threads": self.threads,
            "allocator": self.memory.value,
            "tf32": self.tf32,
            **({"reparameterize": True} if self.reparameterize else {}),
        }


DEFAULT: Final = Execution()


def plan_to_run(plan: Plan, execution: Execution) -> Plan:
    """The Plan as this form runs it."""
    folded = fold_norm(plan) if execution.fold_norm else plan
    return merge_parallel_sums(folded) if execution.reparameterize else folded


def require_possible(plan: Plan, execution: Execution) -> None:
    """Refuse what cannot be.

    Args:
        plan: before any folding.
        execution: in which form to run it.

    Raises:
        InputError: two choices exclude each other, or the network cannot be run so; says why.
    """
    for excluded, reason in _exclusions(execution):
        if excluded:
            raise InputError(reason)
    if execution.fold_norm and not folded_norms(plan):
        raise InputError(f"--fold-norm: {plan.name} has no batch norm that directly follows a convolution")
    if execution.reparameterize and plan.code:
        table = "`mbconv import` makes a network in YAML of it, which takes it"
        raise InputError(f"--reparameterize: {plan.name} is code; {table}")
    if execution.reparameterize and not parallel_sums(fold_norm(plan)):
        raise InputError(f"--reparameterize: {plan.name} has no sum of parallel convolutions, as RepVGG's blocks have")
    if execution.training:
        _require_statistics(plan, execution.batch_size)


def require_supported(execution: Execution, device_type: str) -> None:
    """Refuse what a type of device has not.

    Raises:
        InputError: graphs are captured on CUDA alone, and the C library allocates for the CPU alone.
    """
    if execution.allocator is Allocator.KEEP and device_type != "cpu":
        raise InputError(f"--allocator keep: torch keeps the memory of {device_type} devices anyway; leave it out")
    if execution.tf32 is not None and device_type != "cuda":
        raise InputError(
            f"--tf32: TensorFloat-32 is arithmetic of NVIDIA's GPUs, and this is {device_type}; leave it out"
        )
    if execution.mode is Mode.CUDAGRAPH and device_type != "cuda":
        raise InputError(f"--mode cudagraph: graphs are captured on CUDA devices only, and this is {device_type}")


def _require_statistics(plan: Plan, batch_size: int) -> None:
    """A batch norm in training mode needs more than one value a channel."""
    for op in plan.ops:
        if isinstance(op.kind, BatchNorm) and batch_size * math.prod(op.output.shape[1:]) == 1:
            raise InputError(
                f"--pass train: {op.name} would take its statistics of one value a channel; take a larger "
                "--batch-size or --resolution"
            )


def _exclusions(execution: Execution) -> tuple[tuple[bool, str], ...]:
    mode, training = execution.mode, execution.training
    in_onnxruntime = execution.backend is Backend.ONNXRUNTIME
    return (
        (
            execution.tf32 is not None and execution.dtype is not Dtype.FLOAT32,
            f"--tf32 with --dtype {execution.dtype.value}: it is a way to compute float32; leave it out",
        ),
        (
            training and mode is not Mode.EAGER,
            f"--pass train with --mode {mode.value}: autograd's pass is run eagerly; take --mode eager",
        ),
        (
            training and execution.reparameterize,
            "--pass train with --reparameterize: what is merged is not what is trained; leave it out",
        ),
        (
            training and execution.fold_norm,
            "--pass train with --fold-norm: a folded norm takes no statistics, so there is nothing left to train it by",
        ),
        (
            in_onnxruntime and execution.dtype is not Dtype.FLOAT32,
            f"--dtype {execution.dtype.value} with --backend onnxruntime: most of its kernels for the CPU want float32",
        ),
        (
            in_onnxruntime and execution.memory_format is not MemoryFormat.CONTIGUOUS,
            "--memory-format with --backend onnxruntime: it lays out feature maps as its kernels want them",
        ),
        (
            in_onnxruntime and mode is not Mode.EAGER,
            f"--mode {mode.value} with --backend onnxruntime: a mode is one of torch's",
        ),
        (
            in_onnxruntime and execution.allocator is Allocator.KEEP,
            "--allocator keep with --backend onnxruntime: its arena keeps memory anyway; leave it out",
        ),
        (in_onnxruntime and training, "--pass train with --backend onnxruntime: it runs the forward pass alone"),
        (
            in_onnxruntime and execution.reparameterize,
            "--reparameterize with --backend onnxruntime: the export has the network as it was trained; leave it out",
        ),
        (
            in_onnxruntime and execution.fold_norm,
            "--fold-norm with --backend onnxruntime: the export folds norms anyway; leave it out",
        ),
    )
