"""Writing files so that a crash, a full disk or a closed pipe leaves the old one as it was."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mbconv_cli.errors import InputError


def write_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text into a file: either all of it is there afterwards, or the file is as it was before.

    What is no regular file (a pipe, a device) is written to as it is.

    Raises:
        InputError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as stream:
                stream.write(text)
        else:
            _replace(path.resolve(), text)
    except OSError as error:
        raise InputError(f"{path}: not written: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{str(path)!r}: not written: {error}") from error


def require_place(path: Path) -> None:
    """Refuse early what could not be written later, before the work for it is done.

    Raises:
        InputError: it is a folder, or its folder is not there or may not be written in.
    """
    try:
        reason = _obstacle(path)
    except OSError as error:
        raise InputError(f"{path}: not written: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{str(path)!r}: not written: {error}") from error
    if reason is not None:
        raise InputError(f"{path}: not written: {os.strerror(reason)}")


def _obstacle(path: Path) -> int | None:
    """The number of the system's error that writing a file would meet, as far as can be told without writing."""
    folder = path.resolve().parent
    path.exists()  # raises what the path itself does wrong, such as being too long
    if path.is_dir():
        return errno.EISDIR
    if not folder.is_dir():
        return errno.ENOTDIR if folder.exists() else errno.ENOENT
    return None if os.access(path if path.exists() else folder, os.W_OK) else errno.EACCES


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
