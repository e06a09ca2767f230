"""A network's name or file -> its Spec, or every mistake in it with file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from pydantic import ValidationError

from mbconv_cli.errors import InputError
from mbconv_cli.spec import catalogue
from mbconv_cli.spec.consistency import contradictions
from mbconv_cli.spec.extends import extend
from mbconv_cli.spec.messages import findings
from mbconv_cli.spec.network import Spec
from mbconv_cli.spec.overrides import Override, apply_overrides
from mbconv_cli.spec.spellings import canonical
from mbconv_cli.spec.yaml_text import Document, Finding, Path, read_yaml

MAX_EXTENDS: Final = 16


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A Spec, and the text it came from, so that later findings can name file, line and column."""

    spec: Spec
    document: Document

    def where(self, path: Path) -> str:
        """`file:line:column` of the value at a path of the spec, or of what is nearest around it."""
        return str(self.document.mark(path))


def load(reference: str, overrides: Sequence[Override] = ()) -> LoadedSpec:
    """The network of a shipped name, a path, or `-` for standard input, changed as the overrides say.

    Raises:
        InputError: it cannot be found, read or understood; all mistakes in it are told together.
    """
    if reference == catalogue.STDIN:
        return load_text(catalogue.read_stdin(), "<stdin>", overrides=overrides)
    path = catalogue.find(reference)
    return load_text(catalogue.read(path), str(path), name=path.stem, folder=path.parent, overrides=overrides)


def load_text(
    text: str,
    file: str,
    *,
    name: str = "stdin",
    folder: FilePath | None = None,
    overrides: Sequence[Override] = (),
) -> LoadedSpec:
    """The network that a YAML text describes.

    Args:
        text: the YAML.
        file: what messages call it.
        name: what the network is called unless it says so itself.
        folder: where the relative paths of its `extends` start; the working directory if absent.
        overrides: what is changed before anything is checked.

    Raises:
        InputError: all mistakes, each as `file:line:column: what, and what would be valid`.
    """
    document = apply_overrides(_extended(_read(text, file), folder or FilePath(), (file,)), overrides)
    problems = contradictions(document)
    try:
        spec = Spec.model_validate({"name": name} | document.data)
    except ValidationError as error:
        problems += findings(error.errors(include_url=False), document)
        raise InputError(*_told(problems)) from error
    if problems:
        raise InputError(*_told(problems))
    return LoadedSpec(spec, document)


def _told(problems: list[Finding]) -> list[str]:
    """In the order of the file, each once."""
    return [f"{mark}: {what}" for mark, what in sorted(set(problems))]


def _read(text: str, file: str) -> Document:
    document = read_yaml(text, file)
    if not isinstance(document.data, dict):
        raise InputError(f"{document.mark(())}: a network is a mapping of keys (input, stem, blocks, ...) to values")
    return canonical(document)


def _extended(document: Document, folder: FilePath, chain: tuple[str, ...]) -> Document:
    """The document with all that it extends laid under it."""
    if "extends" not in document.data:
        return document
    where = document.mark(("extends",))
    data = dict(document.data)
    reference = data.pop("extends")
    if not isinstance(reference, str) or not reference:
        raise InputError(f"{where}: extends: should be the name or the path of a network; got {reference!r}")
    try:
        path = catalogue.find(reference, relative_to=folder)
        _demand_no_circle(path, chain)
        text = catalogue.read(path)
    except InputError as error:
        raise InputError(*(f"{where}: extends: {problem}" for problem in error.problems)) from error
    parent = _extended(_read(text, str(path)), path.parent, (*chain, str(path)))
    return extend(parent, Document(data, document.key_marks, document.value_marks))


def _demand_no_circle(path: FilePath, chain: tuple[str, ...]) -> None:
    if len(chain) > MAX_EXTENDS or any(_same_file(path, file) for file in chain):
        raise InputError(f"in a circle: {' -> '.join([*chain, str(path)])}")


def _same_file(path: FilePath, file: str) -> bool:
    return path.resolve() == FilePath(file).resolve()
