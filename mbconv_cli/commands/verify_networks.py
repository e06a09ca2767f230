"""`mbconv verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.conventions_report import conventions
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.verify import Checks, verify
from mbconv_cli.commands.options import ArchDirOption, FormatOption, OutputOption, SectionOption, complete_network
from mbconv_cli.commands.output import progress_bar, show
from mbconv_cli.cost.tool_conventions import TOOLS
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue

NetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK",
        help="Names that `mbconv list` shows, paths to YAML files, or - for standard input.",
        autocompletion=complete_network,
        show_default="every network of mbconv list",
    ),
]
PeerOption = Annotated[
    bool, typer.Option("--peer/--no-peer", help="Compare with the same network in torchvision or timm, if installed.")
]
NumericsOption = Annotated[
    bool, typer.Option("--numerics/--no-numerics", help="Compare the output of a forward pass with the peer's, too.")
]
ConventionsOption = Annotated[
    bool,
    typer.Option(
        "--conventions", help="Show what other tools count for one network, and what each difference consists of."
    ),
]


def verify_command(
    networks: NetworksArgument = None,
    peer: PeerOption = True,
    numerics: NumericsOption = True,
    show_conventions: ConventionsOption = False,
    output_format: FormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Check parameters and MACs of networks against independent counts.

    The closed forms are compared with the file's `expect`, with fvcore's count of the built module, and with the
    module of torchvision or timm: its parameters, its MACs layer by layer, and its output for the same weights. If
    any of them disagree, the exit code is 1, and the message names the first layer that differs.

    For example:

    - `mbconv verify`

    - `mbconv verify efficientnet-b0 mobilenet-v2`

    - `mbconv verify ./mine.yaml --no-numerics`

    - `mbconv verify efficientnet-b0 --conventions`
    """
    catalogue = user_catalogue(arch_dir or ())
    references = networks or [str(entry.path) for entry in catalogue.entries()]
    opened = [open_network(reference, catalogue=catalogue) for reference in references]
    if show_conventions:
        _require_one(networks, numerics=numerics)
        with progress_bar("counting", len(TOOLS)) as progress:
            report = conventions(opened[0], peer=peer, progress=progress)
        show(report, output_format, output, section)
        return
    with progress_bar("verifying", len(opened)) as progress:
        verification = verify(opened, Checks(peer=peer, numerics=numerics), progress)
    show(verification.report, output_format, output, section)
    if verification.interrupted:
        raise KeyboardInterrupt
    if verification.problems:
        raise CheckFailedError(*verification.problems)


def _require_one(networks: list[str] | None, *, numerics: bool) -> None:
    if not networks or len(networks) > 1:
        raise InputError("--conventions explains one network; say which")
    if not numerics:
        raise InputError("--no-numerics: --conventions compares no outputs anyway")
