"""A module and example inputs as an exported program, or one sentence that says why it cannot be exported."""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.export import ExportedProgram

from mbconv_cli.errors import InputError
from mbconv_cli.pytorch.capture.example_inputs import Inputs
from mbconv_cli.pytorch.capture.fast_path import without_fast_path

_LIBRARY_FOLDERS: Final = tuple(str(Path(module.__file__).parent) for module in (torch,) if module.__file__)
_PACKAGE: Final = str(Path(__file__).resolve().parents[2])


def export_module(module: nn.Module, inputs: Inputs, name: str) -> ExportedProgram:
    """Export a module for inputs of exactly these shapes; nothing is computed on the meta device.

    Args:
        module: in the mode in which it is run.
        inputs: on the module's device.
        name: what messages call it.

    Raises:
        InputError: it cannot be exported; gives the exporter's reason and the module's own line.
    """
    with torch.no_grad(), without_fast_path(), _quiet(), translated(name, "cannot be captured"):
        return torch.export.export(module, inputs.positional, dict(inputs.named), strict=False)


@contextmanager
def translated(name: str, what: str) -> Iterator[None]:
    """Any error of code that is not this project's, as one sentence with the line that it came from.

    Raises:
        InputError: in place of every error but those that are one already.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        place = _own_line(error)
        raise InputError(f"{name} {what}{f' (at {place})' if place else ''}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first lines of a message up to the first empty one, without the exporter's advice."""
    text = str(error).strip() or type(error).__name__
    first = text.split("\n\n")[0]
    return f"{type(error).__name__}: {' '.join(first.split())}"[:400]


def _own_line(error: BaseException) -> str | None:
    """FILE:LINE of the innermost line that is neither torch's nor this project's nor Python's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_foreign(frame.filename)]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    return f"{own[-1].filename}:{own[-1].lineno}" if own else None


def _is_foreign(filename: str) -> bool:
    standard = str(Path(traceback.__file__).parent)
    library = filename.startswith((*_LIBRARY_FOLDERS, _PACKAGE, "<"))
    return library or (filename.startswith(standard) and "site-packages" not in filename)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's warnings, logs and prints, which speak of its own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
