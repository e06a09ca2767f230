"""`mbconv export`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.analysis.export.python_module import python_module
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.commands.options import ArchDirOption, NetworkArgument, ResolutionOption, SetOption
from mbconv_cli.commands.output import print_text, remark
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place, write_atomically
from mbconv_cli.machine.device_choice import AUTO, parse_device
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.units import binary


class TargetName(str, Enum):
    """What a network is exported to."""

    ONNX = "onnx"
    PT2 = "pt2"
    TORCHSCRIPT = "torchscript"
    PYTHON = "python"


SUFFIXES = {".onnx": TargetName.ONNX, ".pt2": TargetName.PT2, ".pt": TargetName.TORCHSCRIPT, ".py": TargetName.PYTHON}

ToOption = Annotated[
    TargetName | None,
    typer.Option(
        "--to",
        metavar="FORMAT",
        case_sensitive=False,
        help="onnx, pt2 (torch.export), torchscript, or python (a module of plain PyTorch).",
        show_default="by the suffix of FILE: .onnx, .pt2, .pt or .py",
    ),
]
FileOption = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Write into this file, atomically.", show_default=False),
]
BatchOption = Annotated[
    int, typer.Option("--batch-size", metavar="N", min=1, max=65_536, help="Images in a batch of the export.")
]


def export_command(
    network: NetworkArgument,
    output: FileOption,
    to: ToOption = None,
    batch_size: BatchOption = 1,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    arch_dir: ArchDirOption = None,
) -> None:
    """Export a network as a file that other programs read, compared with what it was made from.

    It is built with random weights (of one seed, with batch norms that fit them), exported, read back and run: unless
    the outputs agree, nothing is written.

    For example:

    - `mbconv export efficientnet-b0 -o efficientnet_b0.py`

    - `mbconv export mobilenet-v3-large -o v3.onnx --batch-size 8`

    - `mbconv export ./mine.yaml --to torchscript -o mine.pt`
    """
    target = to or SUFFIXES.get(output.suffix.lower())
    if target is None:
        raise InputError(f"-o {output}: no suffix that a format has; add --to, or one of {', '.join(SUFFIXES)}")
    require_place(output)
    if target is TargetName.ONNX:
        from mbconv_cli.pytorch.onnx.onnx_packages import require_onnxruntime

        require_onnxruntime(parse_device(AUTO))
    catalogue = user_catalogue(arch_dir or ())
    plan = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or ()).plan
    source = python_module(plan) if target is TargetName.PYTHON else ""
    remark(f"building {plan.name} and comparing outputs")
    from mbconv_cli.pytorch.exports.exported_file import TOLERANCES, Target, export_file

    kind = Target(target.value)
    exported = export_file(plan, kind, batch_size=batch_size, source=source)
    write_atomically(output, exported.content)
    shape = "x".join(map(str, (batch_size, *plan.input_shape)))
    print_text(
        f"{plan.name} as {kind.value}, input {shape}: {output}, {binary(len(exported.content))}\n"
        f"checked: read back and run on random images, outputs differ by {exported.difference:.2g} of the largest one "
        f"(at most {TOLERANCES[kind]:g})\n"
    )
