"""Writing files so that a crash, a full disk or a closed pipe leaves the old one as it was."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError

_IRREPLACEABLE: Final = (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors of replacing a file whose content may still be writable."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes into a file: afterwards all of it is there, or the file is as it was before.

    A file that cannot be replaced (mounted by itself, or in a folder that is read-only) is written in place; so is what
    is no regular file (a pipe, a device). A file without write permission is not written.

    Raises:
        InputError: it cannot be written.
    """
    with _translated_errors(path):
        written = content.encode("utf-8") if isinstance(content, str) else content
        if reason := _obstacle(path):
            raise OSError(reason, os.strerror(reason))
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.write(written)
            return
        try:
            _replace(path.resolve(), written)
        except OSError as error:
            if error.errno not in _IRREPLACEABLE or not path.exists():
                raise
            _overwrite(path, written)


def require_place(path: Path) -> None:
    """Refuse early what could not be written later, before the work for it is done.

    Raises:
        InputError: it is a folder, or its folder is not there or may not be written in.
    """
    with _translated_errors(path):
        if reason := _obstacle(path):
            raise OSError(reason, os.strerror(reason))


@contextmanager
def _translated_errors(path: Path) -> Iterator[None]:
    """The system's errors as InputErrors that name the path."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: not written: {error.strerror or error}") from error
    except RuntimeError as error:  # `resolve`, before Python 3.13, of links that lead to each other
        raise InputError(f"{path}: not written: {os.strerror(errno.ELOOP)}") from error
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{str(path)!r}: not written: {error}") from error


def _obstacle(path: Path) -> int | None:
    """The number of the system's error that writing a file would meet, as far as it is known without writing."""
    folder = path.resolve().parent
    path.exists()  # raises what the path itself does wrong, such as being too long
    if path.is_dir():
        return errno.EISDIR
    if not folder.is_dir():
        return errno.ENOTDIR if folder.exists() else errno.ENOENT
    return None if os.access(path if path.exists() else folder, os.W_OK) else errno.EACCES


def _replace(path: Path, content: bytes) -> None:
    import tempfile

    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _overwrite(path: Path, content: bytes) -> None:
    """Write over the old content, and only then cut off what is left of it."""
    with path.open("r+b") as stream:
        stream.write(content)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
