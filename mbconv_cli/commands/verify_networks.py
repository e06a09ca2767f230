"""`mbconv verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.verify import Checks, verify
from mbconv_cli.commands.options import FormatOption, OutputOption, complete_network
from mbconv_cli.commands.output import progress_bar, show
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.render.registry import Format
from mbconv_cli.spec.catalogue import shipped

NetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NETWORK]...",
        help="Names that `mbconv list` shows, paths to YAML files, or - for standard input.",
        autocompletion=complete_network,
        show_default="all that ship",
    ),
]
PeerOption = Annotated[
    bool, typer.Option("--peer/--no-peer", help="Compare with the same network in torchvision or timm, if installed.")
]
NumericsOption = Annotated[
    bool, typer.Option("--numerics/--no-numerics", help="Compare the output of a forward pass with the peer's, too.")
]


def verify_command(
    networks: NetworksArgument = None,
    peer: PeerOption = True,
    numerics: NumericsOption = True,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Check figures by counting four times: closed forms, the file's `expect`, fvcore, and torchvision or timm.

    Ends with exit code 1 if anything disagrees, and names the first layer that does.

    Examples:
        mbconv verify

        mbconv verify efficientnet-b0 mobilenet-v2

        mbconv verify ./mine.yaml --no-numerics
    """
    references = networks or list(shipped())
    with progress_bar("verifying", len(references)) as progress:
        verification = verify(references, Checks(peer=peer, numerics=numerics), progress)
    show(verification.report, output_format, output)
    if verification.problems:
        raise CheckFailedError(*verification.problems)
