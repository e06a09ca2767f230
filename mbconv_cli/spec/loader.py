"""A network's name or file -> its Spec, or every mistake in it with file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Final

from pydantic import ValidationError

from mbconv_cli.errors import InputError, Mark, Problem
from mbconv_cli.spec.catalogue import STDIN, Catalogue, Location, read, read_stdin, user_catalogue
from mbconv_cli.spec.consistency import contradictions
from mbconv_cli.spec.conventions import warn_of_assumptions, with_conventions
from mbconv_cli.spec.extends import extend
from mbconv_cli.spec.overrides import Override, apply_overrides, apply_set
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.spellings import Parsed, canonical
from mbconv_cli.spec.validation_messages import findings
from mbconv_cli.units import counted
from mbconv_cli.yaml.quotes import shown
from mbconv_cli.yaml.yaml_text import Document, Finding, Path, read_yaml

MAX_EXTENDS: Final = 16
MOST_PROBLEMS: Final = 100
"""Problems reported of one network; a file that is something else altogether has thousands."""
_REFERENCE_LENGTHS: Final = range(1, 1_000)


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A Spec, and the text it came from, so that later findings can name file, line and column."""

    spec: Spec
    document: Document

    def where(self, path: Path) -> Mark:
        """The place of the value at a path of the spec, or of what is nearest around it."""
        return self.document.mark(path)


def load(reference: str, catalogue: Catalogue | None = None, *, overrides: Sequence[Override] = ()) -> LoadedSpec:
    """The network of a name, a path, `REV:path` for a file as of a git revision, or `-` for standard input.

    Args:
        reference: which network.
        catalogue: where names are looked up; the shipped ones and MBCONV_ARCH_PATH if absent.
        overrides: what is changed before anything is checked.

    Raises:
        InputError: it cannot be found, read or understood; all mistakes in it are reported together.
    """
    catalogue = catalogue or user_catalogue()
    if reference == STDIN:
        return load_text(read_stdin(), "<stdin>", catalogue=catalogue, overrides=overrides)
    return load_file(catalogue.find(reference), catalogue, overrides=overrides)


def read_document(reference: str, catalogue: Catalogue) -> Parsed:
    """A network's document with all that it extends, not validated, for whoever changes it before.

    Raises:
        InputError: it cannot be found or read.
    """
    if reference == STDIN:
        return _extended(_parsed(read_stdin(), "<stdin>"), (FilePath("stdin"),), catalogue)
    path = catalogue.find(reference)
    return _extended(_parsed(read(path), str(path)), (path,), catalogue)


def nested_document(document: Document, file: Location, catalogue: Catalogue) -> Parsed:
    """A network that is written inside another file, with all that it extends, not validated.

    Raises:
        InputError: what it extends cannot be found or read.
    """
    return _extended(canonical(document), (file,), catalogue)


def validated(parsed: Parsed, name: str) -> LoadedSpec:
    """The Spec of a document.

    Raises:
        InputError: all mistakes in it, with file, line and column.
    """
    return _validated(parsed, name, ())


def load_file(path: Location, catalogue: Catalogue | None = None, *, overrides: Sequence[Override] = ()) -> LoadedSpec:
    """The network in a file of the working tree or of a git revision.

    Raises:
        InputError: it cannot be read or understood; all mistakes in it are reported together.
    """
    parsed = _extended(_parsed(read(path), str(path)), (path,), catalogue or user_catalogue())
    return _validated(apply_overrides(parsed, overrides), path.stem, overrides)


def load_text(
    text: str,
    file: str,
    *,
    name: str = "stdin",
    folder: FilePath | None = None,
    catalogue: Catalogue | None = None,
    overrides: Sequence[Override] = (),
) -> LoadedSpec:
    """The network that a YAML text describes.

    Args:
        text: the YAML.
        file: what messages call it.
        name: what the network is called unless it says so itself.
        folder: where its `extends` is looked for first; the working directory if absent.
        catalogue: where names are looked up; the shipped ones and MBCONV_ARCH_PATH if absent.
        overrides: what is changed before anything is checked.

    Raises:
        InputError: all mistakes, each as `file:line:column: what, and what would be valid`.
    """
    origin = (folder or FilePath()) / FilePath(file).name
    parsed = _extended(_parsed(text, file), (origin,), catalogue or user_catalogue())
    return _validated(apply_overrides(parsed, overrides), name, overrides)


def _validated(parsed: Parsed, name: str, overrides: Sequence[Override]) -> LoadedSpec:
    document, problems = with_conventions(parsed[0]), parsed[1]
    problems = problems + contradictions(document)
    try:
        spec = Spec.model_validate({"name": name} | document.data)
    except ValidationError as error:
        problems += findings(error.errors(include_url=False), document)
        raise InputError(*_in_order(problems, document.mark(()).file, overrides)) from error
    if problems:
        raise InputError(*_in_order(problems, document.mark(()).file, overrides))
    warn_of_assumptions(document, spec.name)
    return LoadedSpec(spec, document)


def _in_order(problems: list[Finding], file: str, overrides: Sequence[Override]) -> list[Problem]:
    """In the order of the file, then of those that it extends; each once, and with what changed a file's meaning."""
    in_order = sorted(set(problems), key=lambda finding: (finding[0].file != file, finding))
    changes = [override.mark for override in overrides]
    changed = f" (as changed by {' and '.join(map(str, changes))})" if changes else ""
    ordered = [Problem(what if mark in changes else what + changed, mark) for mark, what in in_order]
    more = len(ordered) - MOST_PROBLEMS
    return ordered if more <= 0 else [*ordered[:MOST_PROBLEMS], Problem(f"... and {counted(more, 'more mistake')}")]


@lru_cache(maxsize=256)
def _parsed(text: str, file: str) -> Parsed:
    """The document that a text is; kept, since many networks extend the same one."""
    document = read_yaml(text, file)
    if not isinstance(document.data, dict):
        what = "a network is a mapping of keys (input, stem, blocks, ...) to values"
        raise InputError(Problem(what, document.mark(())))
    return canonical(document)


def _extended(parsed: Parsed, chain: tuple[Location, ...], catalogue: Catalogue) -> Parsed:
    """The last file of the chain, with all that it extends laid under it."""
    document, problems = parsed
    if "extends" not in document.data:
        if "set" in document.data:
            what = "set: changes values of the network that a file extends; add `extends:` or write them in place"
            raise InputError(Problem(what, document.key_mark(("set",))))
        return parsed
    data = {key: value for key, value in document.data.items() if key != "set"}
    reference = data.pop("extends")
    try:
        path = _parent(reference, chain, catalogue)
        text = read(path)
    except InputError as error:
        where = document.mark(("extends",))
        raise InputError(*(Problem(f"extends: {problem}", where) for problem in error.problems)) from error
    parent, parent_problems = _extended(_parsed(text, str(path)), (*chain, path), catalogue)
    child = Document(data, document.key_marks, document.value_marks)
    extended = extend(parent, child), parent_problems + problems
    return apply_set(extended, document) if "set" in document.data else extended


def _parent(reference: object, chain: tuple[Location, ...], catalogue: Catalogue) -> Location:
    """The file that the last one of the chain extends."""
    if not isinstance(reference, str) or not reference.isprintable() or len(reference) not in _REFERENCE_LENGTHS:
        raise InputError(f"should be the name or the path of a network; got {shown(reference)}")
    path = catalogue.find(reference, referrer=chain[-1])
    if any(_same_file(path, file) for file in chain):
        raise InputError(f"in a circle: {' -> '.join(map(str, (*chain, path)))}")
    if len(chain) > MAX_EXTENDS:
        raise InputError(f"more than {MAX_EXTENDS} networks, each extending the next")
    return path


def _same_file(one: Location, other: Location) -> bool:
    if not isinstance(one, FilePath) or not isinstance(other, FilePath):
        return one == other
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there: standard input, or what reading it will tell
        return False
