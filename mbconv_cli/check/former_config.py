"""The config as of a revision: a network that it selected, and the present one does not, must not go without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mbconv_cli.check.config import LoadedConfig, load_config_text
from mbconv_cli.errors import InputError, Problem
from mbconv_cli.git.revisions import Revision, counterpart, files_at
from mbconv_cli.spec.catalogue import read


@dataclass(frozen=True, slots=True)
class UnreadConfig:
    """A config that could not be read, and what is wrong with it, one sentence each."""

    problems: tuple[Problem, ...]


FormerConfig: TypeAlias = LoadedConfig | UnreadConfig | None
"""None where the revision has no such file."""


def former_config(config: LoadedConfig, revision: Revision) -> FormerConfig:
    """The config of the same path as of a revision; its relative paths start where the present one's do."""
    place = counterpart(config.path, revision)
    if place is None or place not in files_at(place.parent):
        return None
    try:
        return load_config_text(read(place), config.path)
    except InputError as error:
        return UnreadConfig(error.problems)
