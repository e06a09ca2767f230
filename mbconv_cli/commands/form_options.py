"""The options that say in which form a network is run, and what they come to."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final, TypeAlias

import typer

from mbconv_cli.commands.measuring_options import require_effect
from mbconv_cli.commands.sizes import parse_sizes
from mbconv_cli.errors import InputError
from mbconv_cli.measure.execution import DEFAULT, Allocator, Dtype, Execution, MemoryFormat, Mode

FORM: Final = "Form of execution"
MAX_BATCH_SIZE: Final = 1_000_000


class PassName(str, Enum):
    """What a pass is."""

    FORWARD = "forward"
    TRAIN = "train"


BatchSizesOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--batch-size",
        metavar="N[,N...]",
        help="Images in a batch; MACs and bytes are the batch's. Several, e.g. 1,8,32, are shown side by side.",
        rich_help_panel=FORM,
    ),
]
DtypeOption: TypeAlias = Annotated[
    Dtype,
    typer.Option(
        "--dtype",
        metavar="DTYPE",
        case_sensitive=False,
        help="Type of weights and images: float32, bfloat16 or float16; bytes are counted for it.",
        rich_help_panel=FORM,
    ),
]
MemoryFormatOption: TypeAlias = Annotated[
    MemoryFormat,
    typer.Option(
        "--memory-format",
        metavar="FORMAT",
        case_sensitive=False,
        help="How weights and feature maps lie in memory: contiguous or channels_last.",
        rich_help_panel=FORM,
    ),
]
ModeOption: TypeAlias = Annotated[
    Mode,
    typer.Option(
        "--mode",
        metavar="MODE",
        case_sensitive=False,
        help="How ops are started: eager, or compile (torch.compile, end to end only); cudagraph is eager on a GPU, "
        "where the device's time is that of one graph anyway.",
        rich_help_panel=FORM,
    ),
]
FoldNormOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--fold-norm",
        help="Fold batch norms into the convolutions before them, as one would deploy the network.",
        rich_help_panel=FORM,
    ),
]
ReparameterizeOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--reparameterize",
        help="Merge parallel convolutions of one value, and their sum, into one convolution, as RepVGG is deployed; "
        "batch norms are folded first.",
        rich_help_panel=FORM,
    ),
]
Tf32Option: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--tf32/--no-tf32",
        help="On NVIDIA's GPUs: compute float32 convolutions and products in TensorFloat-32, or neither.",
        show_default="torch's own: convolutions only",
        rich_help_panel=FORM,
    ),
]
AllocatorOption: TypeAlias = Annotated[
    Allocator | None,
    typer.Option(
        "--allocator",
        metavar="ALLOCATOR",
        case_sensitive=False,
        help="Memory that a pass frees, on the CPU: kept for the next pass, as servers' allocators do (keep; needs "
        "glibc), or left to the C library (system).",
        show_default="keep with glibc, else system",
        rich_help_panel=FORM,
    ),
]
PassOption: TypeAlias = Annotated[
    PassName,
    typer.Option(
        "--pass",
        metavar="PASS",
        case_sensitive=False,
        help="What is measured: forward, or train (forward and backward, batch norm in training mode).",
        rich_help_panel=FORM,
    ),
]


def parse_batch_sizes(text: str) -> tuple[int, ...]:
    """`1,8,32` as increasing numbers.

    Raises:
        InputError: it is no list of numbers, or one is too large.
    """
    sizes = parse_sizes(text, "--batch-size")
    if sizes[-1] > MAX_BATCH_SIZE:
        raise InputError(f"--batch-size {text!r}: should be at most {MAX_BATCH_SIZE:,}")
    return sizes


def require_measured(execution: Execution, **options: object) -> None:
    """Refuse what changes nothing where nothing is measured: exact figures know neither place nor order.

    Args:
        execution: the form that was asked for.
        options: others that need a measurement, None where one is not given.

    Raises:
        InputError: names the option.
    """
    chosen = {
        "memory_format": execution.memory_format is not DEFAULT.memory_format,
        "mode": execution.mode is not DEFAULT.mode,
        "pass": execution.training,
        "threads": execution.threads is not None,
        "backend": execution.backend is not DEFAULT.backend,
        "allocator": execution.allocator is not None,
        "tf32": execution.tf32 is not None,
    }
    require_effect("with --no-latency", **options, **{option: given or None for option, given in chosen.items()})
