"""What is measured once and kept in the user's cache folder: one file for each kind of record and fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.machine.comparability import Fingerprint


class KeptRecord(BaseModel):
    """What every file of the cache holds: the machine that it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: Fingerprint


Record = TypeVar("Record", bound=KeptRecord)


def cache_folder() -> Path:
    """Where this program keeps what it can make again: MBCONV_CACHE_DIR, or its place in the user's cache folder.

    Raises:
        RuntimeError: the user has no home.
    """
    if own := os.environ.get("MBCONV_CACHE_DIR"):
        return Path(own)
    if (shared := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return shared / "mbconv"
    match sys.platform:
        case "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mbconv" / "Cache"
        case "darwin":
            return Path.home() / "Library" / "Caches" / "mbconv"
        case _:
            return Path.home() / ".cache" / "mbconv"


def read_record(kind: type[Record], name: str, fingerprint: Fingerprint) -> tuple[Record | None, str]:
    """The record that is kept of a machine, if any, and what is wrong with it.

    Args:
        kind: the type of the record.
        name: that its file's name begins with.
        fingerprint: of the machine.
    """
    try:
        record = kind.model_validate_json(_file(name, fingerprint).read_bytes())
    except FileNotFoundError:
        return None, ""
    except (OSError, RuntimeError, ValidationError):
        return None, "; what was kept could not be read"
    if record.fingerprint != fingerprint:
        return None, "; what was kept is another machine's"
    return record, ""


def keep_record(name: str, record: KeptRecord) -> str:
    """Keep a record for the next time, or return why that is not possible."""
    try:
        file = _file(name, record.fingerprint)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, record.model_dump_json(indent=2) + "\n")
    except (OSError, RuntimeError, InputError) as error:
        return f"; not kept: {error}"
    return ""


def _file(name: str, fingerprint: Fingerprint) -> Path:
    digest = hashlib.sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
    return cache_folder() / f"{name}-{digest[:16]}.json"
