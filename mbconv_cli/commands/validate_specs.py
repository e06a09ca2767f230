"""`mbconv validate`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.analysis.expectation import stale_expectations
from mbconv_cli.commands.options import ArchDirOption, complete_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import repository_of, tracked_files
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import SUFFIXES, Catalogue, user_catalogue
from mbconv_cli.spec.dependents import dependents as find_dependents
from mbconv_cli.spec.loader import load

ValidatedArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK",
        help="Paths to YAML files, names that `mbconv list` shows, or - for standard input.",
        autocompletion=complete_network,
        show_default=False,
    ),
]


DependentsOption = Annotated[
    bool,
    typer.Option(
        "--dependents",
        help="Also check the repository's files that extend these, and those that extend a file that is gone.",
    ),
]


def validate_command(
    networks: ValidatedArgument = None, dependents: DependentsOption = False, arch_dir: ArchDirOption = None
) -> None:
    """Check whether YAML files are valid networks; valid files print nothing.

    Every file is read and planned to the last shape, without torch, and must cost what its `expect` gives. Each
    mistake is printed as `file:line:column`, and the exit code is then 2. The pre-commit hook `mbconv-validate` runs
    this command with `--dependents`.

    For example:

    - `mbconv validate architectures/*.yaml`

    - `mbconv validate ./mine.yaml --arch-dir ./architectures`
    """
    if not networks and not dependents:
        raise InputError("missing argument 'NETWORK'; `mbconv validate --help` explains")
    catalogue = user_catalogue(arch_dir or ())
    every = [*(networks or ()), *(_dependents(networks or (), catalogue) if dependents else ())]
    problems = [problem for network in dict.fromkeys(every) for problem in _problems(network, catalogue)]
    if problems:
        raise InputError(*dict.fromkeys(problems))  # once, where many extend the same broken file


def _dependents(networks: Sequence[str], catalogue: Catalogue) -> list[str]:
    """The repository's files that extend these or what is gone, as paths from here."""
    candidates = tracked_files(repository_of(Path.cwd()), *SUFFIXES)
    changed = [place for name in networks if isinstance(place := catalogue.find(name), Path)]
    found = find_dependents(changed, candidates, catalogue)
    return [os.path.relpath(path, Path.cwd().resolve()) for path in found]


def _problems(network: str, catalogue: Catalogue) -> tuple[str, ...]:
    try:
        loaded = load(network, catalogue)
        cost = total(plan_costs(plan_loaded(loaded)))
    except InputError as error:
        return error.sentences
    return tuple(str(one.problem) for one in stale_expectations(loaded, cost.params, cost.macs))
