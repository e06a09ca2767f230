"""Where a sweep's rows go as they come: a JSON-lines file or a Parquet folder; each can be continued."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

from mbconv_cli.analysis.sweep.evaluation import POSITION, Chunk, SweepJob
from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically

SUFFIXES: Final = (".jsonl", ".parquet")
_PART: Final = "part-{:012d}-{:012d}.parquet"
_NOTE_IN_FOLDER: Final = "_mbconv_sweep.json"  # Parquet readers pass over files that begin with an underscore


class RowFile(Protocol):
    """Rows of a sweep in the order of their positions."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that are there already."""

    def position(self) -> int:
        """The first position that is not evaluated yet, as far as the rows show it."""

    def append(self, chunk: Chunk) -> None:
        """Add the rows of the next positions; all of them are there afterwards, or none."""


def open_rows(path: Path, job: SweepJob) -> RowFile:
    """A file for a sweep's rows; one of the same sweep that was broken off is continued.

    Raises:
        InputError: the suffix names no format, the file is another sweep's, or Parquet is not installed.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"--rows {path}: should end in {' or '.join(SUFFIXES)}")
    note = path / _NOTE_IN_FOLDER if path.suffix == ".parquet" else path.with_name(path.name + ".sweep.json")
    if path.suffix == ".parquet":
        _require_parquet(path)
    _claim(path, note, job)
    return ParquetRows(path) if path.suffix == ".parquet" else JsonLines(path)


class JsonLines:
    """One row a line.

    Args:
        path: of the file. A line that was broken off is taken away.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        with path.open("rb+") as stream:
            stream.truncate(_length_of_whole_lines(path))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that are there already."""
        with self._path.open(encoding="utf-8") as stream:
            for line in stream:
                yield json.loads(line)

    def position(self) -> int:
        """The position behind the last row's."""
        last: deque[dict[str, Any]] = deque(self.rows(), maxlen=1)
        return int(last[0][POSITION]) + 1 if last else 0

    def append(self, chunk: Chunk) -> None:
        """Add the rows of the next positions."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write("".join(f"{row}\n" for row in chunk.rows))


class ParquetRows:
    """A folder of Parquet files, one for each chunk, which any Parquet reader takes as one table.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        for unfinished in path.glob("*.tmp"):
            unfinished.unlink()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that are there already."""
        from pyarrow import parquet

        for part in self._parts():
            for row in parquet.read_table(part).to_pylist():
                yield {key: value for key, value in row.items() if value is not None}

    def position(self) -> int:
        """The position behind the last chunk's."""
        parts = self._parts()
        return int(parts[-1].stem.rpartition("-")[2]) if parts else 0

    def append(self, chunk: Chunk) -> None:
        """Add the rows of the next positions as a file of their own, under its name once it is whole."""
        from pyarrow import parquet, table

        rows = [json.loads(row) for row in chunk.rows]
        keys = dict.fromkeys(key for row in rows for key in row)
        columns = table({key: _typed([row.get(key) for row in rows]) for key in keys})
        part = self._path / _PART.format(chunk.start, chunk.stop)
        temporary = part.with_suffix(".tmp")
        parquet.write_table(columns, temporary)
        temporary.replace(part)

    def _parts(self) -> list[Path]:
        return sorted(self._path.glob("part-*.parquet"))


def _typed(values: list[Any]) -> list[Any]:
    """Values of one type: text where an axis mixes types, as labels may."""
    types = {type(value) for value in values if value is not None}
    mixed = len(types) > 1 and not types <= {int, float}
    return [None if value is None else str(value) for value in values] if mixed else values


def _require_parquet(path: Path) -> None:
    if find_spec("pyarrow") is None:
        raise InputError(f"--rows {path}: Parquet needs pyarrow: pip install 'mbconv-cli[parquet]'")


def _claim(path: Path, note: Path, job: SweepJob) -> None:
    """Write beside the rows whose they are, or refuse rows of another sweep."""
    if note.exists():
        try:
            owner = json.loads(note.read_text(encoding="utf-8"))["digest"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{note}: does not describe a sweep; choose another file for --rows") from error
        if owner != job.digest:
            raise InputError(
                f"{path}: has the rows of another sweep; choose another file, or delete it and {note.name}"
            )
        return
    if path.exists() and (path.is_dir() or path.stat().st_size):
        raise InputError(f"{path}: is there and is no sweep's; choose another file for --rows")
    if path.suffix == ".parquet":
        path.mkdir(parents=True, exist_ok=True)
    described = {"digest": job.digest, "space": job.space.name, "positions": job.positions, "seed": job.seed}
    write_atomically(note, json.dumps(described, indent=2) + "\n")


def _length_of_whole_lines(path: Path) -> int:
    """The bytes of a file up to its last line's end."""
    block, end = 1 << 16, path.stat().st_size
    with path.open("rb") as stream:
        while end > 0:
            start = max(0, end - block)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def decoded_rows(rows: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rows of a chunk as data."""
    return map(json.loads, rows)
