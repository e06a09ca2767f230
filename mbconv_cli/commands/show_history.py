"""`mbconv history`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer

from mbconv_cli.check.config import DEFAULT_CONFIG, load_config
from mbconv_cli.check.metrics import EXACT
from mbconv_cli.check.network_history import HistoryRequest, network_history
from mbconv_cli.check.selection import select
from mbconv_cli.commands.options import ArchDirOption, OutputOption, PlotFormatOption, SectionOption, complete_network
from mbconv_cli.commands.output import progress_bar, show
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.git.repository import Repository, repository_of
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import SUFFIXES, Catalogue, user_catalogue

DEFAULT_METRICS: Final = ("macs", "params")

HistoryArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|REV..REV",
        help="YAML files of this repository, including deleted ones, and a range of commits: v1..main or HEAD~20..",
        autocompletion=complete_network,
        show_default=f"the files that {DEFAULT_CONFIG} selects, over the history of HEAD",
    ),
]
MetricOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="METRIC",
        help=f"{', '.join([*EXACT][:-1])} or {[*EXACT][-1]}; may be given several times, and the first one is drawn.",
        show_default=" and ".join(DEFAULT_METRICS),
    ),
]


def history_command(
    which: HistoryArgument = None,
    metric: MetricOption = None,
    arch_dir: ArchDirOption = None,
    output_format: PlotFormatOption = Format.AUTO,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Show what networks cost over the history of their repository, and which commits changed it.

    Every commit that touches YAML files is planned, without torch; of a merge, what it brought in. A table shows the
    commits that change a figure, CSV and JSON all of them.

    For example:

    - `mbconv history nets/mine.yaml`

    - `mbconv history --metric params v1.0..main`
    """
    given = which or []
    ranges = [one for one in given if _is_range(one)]
    if len(ranges) > 1:
        raise InputError(f"{' and '.join(ranges)}: two ranges; give one")
    repository = repository_of(Path.cwd())
    catalogue = user_catalogue(arch_dir or ())
    networks = _networks([one for one in given if one not in ranges], repository, catalogue)
    with progress_bar("reading") as progress:
        reach = ranges[0] if ranges else "HEAD"
        asked = HistoryRequest(repository, networks, reach, _metrics(metric), catalogue, progress)
        report = network_history(asked)
    show(report, output_format, output, section)


def _is_range(text: str) -> bool:
    """Whether `..` is that of git: a path to a YAML file may begin with it."""
    return ".." in text and not text.endswith(SUFFIXES)


def _metrics(given: Sequence[str] | None) -> Sequence[str]:
    for one in given or ():
        if one not in EXACT:
            hint = did_you_mean(one, EXACT) or f"; valid are {', '.join(EXACT)}"
            raise InputError(f"--metric {one!r}: no such metric{hint}")
    return tuple(dict.fromkeys(given)) if given else DEFAULT_METRICS


def _networks(given: Sequence[str], repository: Repository, catalogue: Catalogue) -> dict[str, PurePosixPath]:
    """What was named, or else what the config selects, by the paths from the top of the repository."""
    places = {one: Path(one) for one in given}
    if not given:
        if not Path(DEFAULT_CONFIG).exists():
            raise InputError(f"name a file: no {DEFAULT_CONFIG} is here to say which networks there are")
        found = select(load_config(Path(DEFAULT_CONFIG)), catalogue)
        places = {key: one.place for key, one in found.items() if isinstance(one.place, Path)}
    return {name: _from_top(path, repository) for name, path in places.items()}


def _from_top(path: Path, repository: Repository) -> PurePosixPath:
    """The path from the top of the repository.

    Raises:
        InputError: it is no YAML file, or lies outside.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: name a YAML file of this repository by its path, and a range of revisions as A..B")
    if repository.top is None:
        return PurePosixPath(path)
    place = Path(os.path.normpath(path.absolute().parent.resolve() / path.name))
    if not place.is_relative_to(repository.top):
        raise InputError(f"{path}: outside of the repository, which has no history of it")
    return PurePosixPath(place.relative_to(repository.top))
