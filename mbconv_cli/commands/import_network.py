"""`mbconv import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.analysis.importing import base_of, imported
from mbconv_cli.analysis.networks import CodeOptions, open_network
from mbconv_cli.commands.options import (
    ArchDirOption,
    ArgOption,
    CodeArgument,
    InputOption,
    ResolutionOption,
    TextOutputOption,
)
from mbconv_cli.commands.output import remark, write_text
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.units import counted

NameOption = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Name of the network in the file.", show_default="the file's name"),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="NETWORK",
        help="Write what the network changes of this one: `extends:`, the scaling that fits, and single values.",
        show_default=False,
    ),
]


def import_command(
    network: CodeArgument,
    output: TextOutputOption = None,
    name: NameOption = None,
    base: BaseOption = None,
    arguments: ArgOption = None,
    inputs: InputOption = None,
    resolution: ResolutionOption = None,
    arch_dir: ArchDirOption = None,
) -> None:
    """Write a network as its paper's table: a module of PyTorch becomes a YAML file that all commands take.

    The table is planned again and compared with the module op by op: it is written only if every op is equal. Else
    the exit code is 1, and the first op that no table has is named, with how much was recognised before it.

    For example:

    - `mbconv import timm:tf_efficientnetv2_s -o s.yaml`

    - `mbconv import torchvision:mobilenet_v2 --arg width_mult=0.5`

    - `mbconv import torchvision:efficientnet_b3 --base efficientnet-b0`

    - `mbconv import my_net.py:build --input 1x3x224x224 -o mine.yaml`
    """
    catalogue = user_catalogue(arch_dir or ())
    code = CodeOptions(tuple(arguments or ()), tuple(inputs or ()))
    folder = output.parent if output else Path()
    extended = base_of(base, folder, catalogue) if base else None
    opened = open_network(network, resolution=resolution, catalogue=catalogue, code=code)
    found = imported(opened, name, extended)
    write_text(found.text, output)
    for one in found.remarks:
        remark(one)
    lines = counted(len(found.text.splitlines()), "line")
    remark(f"{lines}; all {counted(found.ops, 'op')} equal to those of {opened.plan.name}")
