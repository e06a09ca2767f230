"""A user's own defaults of options: the table `[tool.mbconv]` of pyproject.toml, or the file mbconv.toml.

Keys of the table hold for every command that has the option; those of a table within it, `[tool.mbconv.profile]`, for
that command alone. The file nearest to the working directory counts, mbconv.toml before pyproject.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from mbconv_cli.errors import InputError, did_you_mean

OWN_FILE: Final = "mbconv.toml"
SHARED_FILE: Final = "pyproject.toml"
PARAMETERS: Final[Mapping[str, str]] = {
    "arch-dir": "arch_dir",
    "batch-size": "batch_size",
    "by": "by",
    "device": "device",
    "dtype": "dtype",
    "exact": "exact",
    "format": "output_format",
    "memory-format": "memory_format",
    "precision": "precision",
    "processes": "processes",
    "max-time": "max_time",
    "quiet": "quiet",
    "threads": "threads",
    "verbose": "verbose",
}
"""The options that can have a default of the user's own, each with the parameter of a command that it fills."""


def defaults_for(command: str, commands: Iterable[str], folder: Path) -> dict[str, dict[str, Any]]:
    """The defaults of a command's parameters, under its name; nothing where no file has any.

    Args:
        command: which one is called.
        commands: all there are, which tables may be named after.
        folder: where to look first; then in the folders above it.

    Raises:
        InputError: a file cannot be read, or a key is no option or command.
    """
    found = _table(folder.absolute())
    if found is None:
        return {}
    path, table = found
    own = table.get(command, {})
    _require_known(path, table, (*PARAMETERS, *commands))
    if not isinstance(own, dict):
        raise InputError(f"{path}: {command}: should be a table of options")
    _require_known(path, own, PARAMETERS)
    shared = {key: value for key, value in table.items() if key in PARAMETERS}
    return {command: {PARAMETERS[key]: _as_typed(value) for key, value in {**shared, **own}.items()}}


def _table(folder: Path) -> tuple[Path, Mapping[str, Any]] | None:
    """The nearest file with defaults, and its table."""
    for place in (folder, *folder.parents):
        for name in (OWN_FILE, SHARED_FILE):
            if (path := place / name).is_file():
                document = _read(path)
                table = document if name == OWN_FILE else document.get("tool", {}).get("mbconv")
                if table is not None:
                    return path, table
    return None


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _require_known(path: Path, table: Mapping[str, Any], valid: Iterable[str]) -> None:
    names = list(valid)
    for key in table:
        if key not in names:
            hint = did_you_mean(key, names) or f"; valid are {', '.join(names)}"
            raise InputError(f"{path}: unknown key {key!r} of mbconv{hint}")


def _as_typed(value: Any) -> Any:
    """A value as the command line would give it: text, flags and lists of text."""
    if isinstance(value, bool):
        return value
    return [str(one) for one in value] if isinstance(value, list) else str(value)
