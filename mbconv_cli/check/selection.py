"""Which networks a config selects: in the working tree, and where they are compared with, as of a git revision too."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.errors import InputError, Mark, Problem
from mbconv_cli.git.revisions import Revision, RevisionPath, counterpart, glob_at, is_file_at
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import SUFFIXES, Catalogue, Location, is_path
from mbconv_cli.spec.code_reference import CodeReference, Origin, parse_code, parse_inputs
from mbconv_cli.spec.loader import LoadedSpec, load_file

_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Selected:
    """A network that a config selects.

    Attributes:
        key: its name, or its path from the config's folder: what it is called in a baseline.
        place: its file, or the code that makes it.
        mark: the config's entry that selects it.
        by_former_config: whether only the config as of the revision selects it.
    """

    key: str
    place: Location | CodeReference
    mark: Mark
    by_former_config: bool = False

    @property
    def place_exists(self) -> bool:
        """Whether the file is there; what a revision has is."""
        return not isinstance(self.place, Path) or self.place.exists()


@dataclass(frozen=True, slots=True)
class ReadNetwork:
    """A network that was read: its Spec with the text it comes from, unless it is code; and its Plan."""

    written: LoadedSpec | None
    plan: Plan

    @property
    def loaded(self) -> LoadedSpec:
        """The Spec and its text, of a network that is known to be written in YAML."""
        assert self.written is not None
        return self.written

    @property
    def sha256(self) -> str:
        """A digest of all that is computed."""
        return OpenNetwork(self.written.spec if self.written else None, self.plan).sha256


@dataclass(frozen=True, slots=True)
class UnreadNetwork:
    """A network that could not be read, and what is wrong with it, one sentence each."""

    problems: tuple[Problem, ...]


def select(loaded: LoadedConfig, catalogue: Catalogue) -> dict[str, Selected]:
    """The networks of the working tree by key, in the config's order.

    A path that is not there is selected all the same: its absence is a result of the check.

    Raises:
        InputError: a name that no network has, or a pattern that is not valid; with file, line and column.
    """
    selected: dict[str, Selected] = {}
    for index, entry in enumerate(loaded.config.networks):
        mark = loaded.document.mark(("networks", index))
        try:
            if code := _code(entry, loaded):
                selected.setdefault(entry, Selected(entry, code, mark))
                continue
            for key, place in _of_tree(entry, loaded.folder, catalogue):
                selected.setdefault(key, Selected(key, place, mark))
        except (InputError, NotImplementedError, ValueError) as error:
            raise InputError(Problem(f"networks: {error}", mark)) from error
    return selected


def unmatched(loaded: LoadedConfig, catalogue: Catalogue, revision: Revision | None = None) -> dict[str, Mark]:
    """The patterns that match no network, neither in the working tree nor as of the revision, and where they stand."""
    folder = counterpart(loaded.folder, revision) if revision else None
    return {
        entry: loaded.document.mark(("networks", index))
        for index, entry in enumerate(loaded.config.networks)
        if _is_wild(entry)
        and not parse_code(entry)
        and not _of_tree(entry, loaded.folder, catalogue)
        and not (folder and _of_revision(entry, folder))
    }


def select_at(
    loaded: LoadedConfig,
    former: LoadedConfig | None,
    revision: Revision,
    selected: Mapping[str, Selected],
    catalogue: Catalogue,
) -> dict[str, Selected]:
    """The same networks as of a revision, those that only the revision has, and those that only its config selects.

    A network that is no file of the repository is in no revision.

    Args:
        loaded: the config.
        former: the config as of the revision, if there was one.
        revision: as of which.
        selected: what the config selects of the working tree.
        catalogue: where names are looked up.
    """
    found: dict[str, Selected] = {}
    for one in selected.values():
        if not isinstance(one.place, CodeReference) and (place := _as_of(one.place, revision)):
            found[one.key] = Selected(one.key, place, one.mark)
    folder = counterpart(loaded.folder, revision)
    for index, entry in enumerate(loaded.config.networks):
        mark = loaded.document.mark(("networks", index))
        if parse_code(entry):
            continue
        for key, path in _of_revision(entry, folder) if folder else ():
            found.setdefault(key, Selected(key, path, mark))
    start = Mark(str(loaded.path), 1, 1)  # an entry of the former config has no line in the present one
    for key, known in _of_former(former, loaded.folder, revision, catalogue) if former else ():
        place = _as_of(known, revision) or (known if is_outside(known, revision) else None)
        if place and key not in selected:
            found.setdefault(key, Selected(key, place, start, by_former_config=True))
    return found


def labels(keys: Iterable[str]) -> dict[str, str]:
    """What each is called in a report: a file by its name without folder and suffix, as long as no other is too."""
    stems = {key: stem_of(key) for key in keys}
    often = Counter(stems.values())
    return {key: stem if often[stem] == 1 else key for key, stem in stems.items()}


def stem_of(key: str) -> str:
    """A file's name without folder and suffix; a name, or code, as it is."""
    if parse_code(key):
        return key
    return PurePosixPath(key).stem if is_path(key) else key


def read_network(place: Location | CodeReference, catalogue: Catalogue) -> ReadNetwork | UnreadNetwork:
    """The network of a file or of code, which is run; or what is wrong with it."""
    try:
        if isinstance(place, CodeReference):
            from mbconv_cli.pytorch.capture.code_plans import plan_of_code

            return ReadNetwork(None, plan_of_code(place))
        loaded = load_file(place, catalogue)
        return ReadNetwork(loaded, plan_loaded(loaded))
    except InputError as error:
        return UnreadNetwork(error.problems)


def _code(entry: str, loaded: LoadedConfig) -> CodeReference | None:
    """The code that an entry names, with the inputs that the config gives for it; None where it names a file.

    Raises:
        InputError: it is code, and none may be run.
    """
    named = parse_code(entry)
    if named is None:
        return None
    if not loaded.allow_code:
        raise InputError(f"{entry} is code, which runs with --allow-code alone; give it where you trust the repository")
    inputs = parse_inputs(loaded.config.inputs.get(entry, ()))
    if named.origin in {Origin.FILE, Origin.ARCHIVE}:
        named = replace(named, place=str(loaded.folder / named.place))
    return replace(named, inputs=inputs)


def _of_tree(entry: str, folder: Path, catalogue: Catalogue) -> list[tuple[str, Location]]:
    if not is_path(entry):
        if not _is_wild(entry):
            place = catalogue.find(entry)
            if isinstance(place, RevisionPath):
                raise InputError(f"{entry}: names a revision; a config names files and networks, --against a revision")
            return [(entry, place)]
        names = dict.fromkeys(one.name for one in catalogue.entries() if fnmatchcase(one.name, entry))
        return [(name, catalogue.find(name)) for name in names]
    if not _is_wild(entry):
        return [(posixpath.normpath(entry), folder / entry)]
    paths = sorted(path for path in folder.glob(entry) if path.suffix in SUFFIXES and path.is_file())
    return [(Path(os.path.relpath(path, folder)).as_posix(), path) for path in paths]


def _of_revision(entry: str, folder: RevisionPath) -> list[tuple[str, RevisionPath]]:
    """The files that match a pattern of paths; any other entry was resolved in the working tree."""
    if not (is_path(entry) and _is_wild(entry)):
        return []
    start = posixpath.normpath(folder.path / entry)
    if start.startswith(("..", "/")):
        return []  # outside of the repository
    places = [place for place in glob_at(folder.revision, start) if place.path.suffix in SUFFIXES]
    return [(posixpath.relpath(place.path, folder.path), place) for place in places]


def _of_former(
    former: LoadedConfig, folder: Path, revision: Revision, catalogue: Catalogue
) -> Iterator[tuple[str, Location]]:
    """What the former config selected, with keys that start from the present one's folder."""
    for entry in former.config.networks:
        if parse_code(entry):
            continue  # code is not run as of a revision
        for key, place in _of_former_entry(entry, former.folder, revision, catalogue):
            yield _from_folder(key, former.folder, folder), place


def _of_former_entry(
    entry: str, folder: Path, revision: Revision, catalogue: Catalogue
) -> Sequence[tuple[str, Location]]:
    """What it stands for; a name that nothing has any more, for a file that is gone."""
    if is_path(entry) and _is_wild(entry):
        then = counterpart(folder, revision)
        return _of_revision(entry, then) if then else []
    try:
        return _of_tree(entry, folder, catalogue)
    except InputError:
        return [(entry, folder / entry)]


def _from_folder(key: str, start: Path, other: Path) -> str:
    """A path that starts from one folder, as it starts from another one; a name as it is."""
    return Path(os.path.relpath(start / key, other)).as_posix() if is_path(key) and start != other else key


def _as_of(place: Location, revision: Revision) -> Location | None:
    """A file as of a revision, and nothing where the revision does not hold it."""
    if not isinstance(place, Path):
        return place
    then = counterpart(place, revision)
    return then if then and is_file_at(then) else None


def is_outside(place: Location | CodeReference, revision: Revision) -> bool:
    """Whether a file is none of the repository's: another one's, or one that this program ships; code always is."""
    if isinstance(place, CodeReference):
        return True
    return isinstance(place, Path) and counterpart(place, revision) is None


def _is_wild(entry: str) -> bool:
    return not _WILD.isdisjoint(entry)
