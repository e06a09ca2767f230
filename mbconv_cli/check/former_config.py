"""The config as of a revision: no rule is loosened, and no network is deselected, without a row in the report."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mbconv_cli.check.config import DEFAULT_CONFIG, LoadedConfig, load_config_text
from mbconv_cli.errors import InputError, Problem
from mbconv_cli.git.revisions import Revision, RevisionPath, counterpart, glob_at, is_file_at
from mbconv_cli.spec.catalogue import SUFFIXES, read


@dataclass(frozen=True, slots=True)
class UnreadConfig:
    """A config that could not be read, and its mistakes."""

    problems: tuple[Problem, ...]


FormerConfig: TypeAlias = LoadedConfig | UnreadConfig | None
"""None where the revision has no such file."""


def former_config(config: LoadedConfig, revision: Revision) -> FormerConfig:
    """The config as of a revision: the file of the same path, or else one that was renamed or moved to it."""
    place = counterpart(config.path, revision)
    if place is None:
        return None
    if not is_file_at(place):
        return _moved(config, place)
    try:
        return load_config_text(read(place), config.path)
    except InputError as error:
        return UnreadConfig(error.problems)


def _moved(config: LoadedConfig, place: RevisionPath) -> LoadedConfig | None:
    """The config that the working tree no longer has where the revision has it: the most similar one of several."""
    text = read(config.path)
    found = [*_gone_configs(place, config.path.name)]
    alike = [difflib.SequenceMatcher(None, text, former, autojunk=False).ratio() for former, _ in found]
    return found[alike.index(max(alike))][1] if found else None


def _gone_configs(place: RevisionPath, name: str) -> Iterator[tuple[str, LoadedConfig]]:
    """The text and the config of each file that only the revision has: beside the present one, or of a usual name."""
    top = place.revision.repository.top
    for one in glob_at(place.revision, "**/*") if top else ():
        is_near = one.parent == place.parent or one.path.name in {name, DEFAULT_CONFIG}
        if one.path.suffix not in SUFFIXES or not is_near or Path(top or "", one.path).exists():
            continue
        try:
            text = read(one)
            yield text, load_config_text(text, Path(top or "", one.path))
        except InputError:
            continue  # a network, or another file: it was no config
