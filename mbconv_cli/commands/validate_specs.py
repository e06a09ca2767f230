"""`mbconv validate`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.expectation import stale_expectations
from mbconv_cli.commands.options import ArchDirOption, complete_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import Catalogue, user_catalogue
from mbconv_cli.spec.loader import load

ValidatedArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="NETWORK",
        help="Paths to YAML files, names that `mbconv list` shows, or - for standard input.",
        autocompletion=complete_network,
        show_default=False,
    ),
]


def validate_command(networks: ValidatedArgument, arch_dir: ArchDirOption = None) -> None:
    """Check whether YAML files are valid networks; valid files print nothing.

    Every file is read and planned to the last shape, without torch, and must cost what its `expect` gives. Each
    mistake is printed as `file:line:column`, and the exit code is then 2. The pre-commit hook `mbconv-validate` runs
    this command.

    For example:

    - `mbconv validate architectures/*.yaml`

    - `mbconv validate ./mine.yaml --arch-dir ./architectures`
    """
    catalogue = user_catalogue(arch_dir or ())
    problems = [problem for network in networks for problem in _problems(network, catalogue)]
    if problems:
        raise InputError(*dict.fromkeys(problems))  # once, where many extend the same broken file


def _problems(network: str, catalogue: Catalogue) -> tuple[str, ...]:
    try:
        loaded = load(network, catalogue)
        cost = total(plan_costs(plan_loaded(loaded)))
    except InputError as error:
        return error.sentences
    return tuple(str(one.problem) for one in stale_expectations(loaded, cost.params, cost.macs))
