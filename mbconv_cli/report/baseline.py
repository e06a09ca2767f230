"""What networks cost at some time, kept in a file to compare with later: `mbconv.baseline/1`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from mbconv_cli.errors import InputError

BASELINE_SCHEMA: Final = "mbconv.baseline/1"
DEFAULT_BASELINE: Final = "mbconv-baseline.json"
MAX_TOLD: Final = 5

Milliseconds = Annotated[float, Field(gt=0)]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class StoredNetwork(_Stored):
    """One network.

    Attributes:
        name: what it is called.
        input_shape: `[C, H, W]`.
        spec_sha256: a digest of its spec.
        metrics: the exact ones by key.
        latency_ms: one estimate of each process, of a batch, where it was measured.
        launched_ms: the same of passes that Python launches on an accelerator.
        reference_ms: the level of the reference workload in each process, where it ran.
    """

    name: str
    input_shape: Annotated[tuple[int, ...], Strict(False)]
    spec_sha256: str
    metrics: dict[str, Annotated[int, Field(ge=0)]]
    latency_ms: Annotated[tuple[Milliseconds, ...], Strict(False), Field(min_length=2)] | None = None
    launched_ms: Annotated[tuple[Milliseconds, ...], Strict(False), Field(min_length=2)] | None = None
    reference_ms: Annotated[tuple[Milliseconds, ...], Strict(False), Field(min_length=2)] | None = None

    def times(self, metric: str) -> tuple[float, ...] | None:
        """One of its times by key: `latency_ms` or `launched_ms`."""
        return self.launched_ms if metric == "launched_ms" else self.latency_ms


class Baseline(_Stored):
    """All of them, and how they came about.

    Attributes:
        schema_number: of this format; a change of the format changes it.
        mbconv: the program's version.
        convention: how was counted.
        fingerprint: of the machine and the way of measuring; absent where nothing was measured.
        networks: by the name or the path under which a config selects them.
    """

    schema_number: Literal["mbconv.baseline/1"] = Field(BASELINE_SCHEMA, alias="schema")
    mbconv: str
    convention: str
    fingerprint: dict[str, str | int | None] | None = None
    networks: dict[str, StoredNetwork]


def baseline_to_json(baseline: Baseline) -> str:
    """The baseline as JSON text in ASCII, with a final newline; the same baseline always gives the same text."""
    return json.dumps(baseline.model_dump(mode="json", by_alias=True, exclude_none=True), indent=2) + "\n"


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        InputError: it cannot be read, is damaged, or is of a newer schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such baseline; `mbconv baseline write` makes one") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return baseline_from_json(text, str(path))


def baseline_from_json(text: str, origin: str) -> Baseline:
    """The baseline that `baseline_to_json` wrote.

    Args:
        text: the JSON text.
        origin: the name of its file, for messages.

    Raises:
        InputError: it is damaged, no baseline, or of a newer schema.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: damaged baseline: no JSON: {error}") from error
    found = document.get("schema") if isinstance(document, dict) else None
    if found != BASELINE_SCHEMA:
        raise InputError(f"{origin}: {_other(found)}; this version reads {BASELINE_SCHEMA}")
    try:
        return Baseline.model_validate(document)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise InputError(*(f"{origin}: damaged baseline: {problem}" for problem in problems[:MAX_TOLD])) from error


def _other(schema: object) -> str:
    family, _, number = str(schema).rpartition("/")
    if family == BASELINE_SCHEMA.rpartition("/")[0] and number.isdecimal():
        return f"a baseline of schema {schema}, written by a newer mbconv"
    return f"no baseline: its schema is {schema!r}"
