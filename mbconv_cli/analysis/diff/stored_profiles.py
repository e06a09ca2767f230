"""Profiles that were stored as JSON, and whether what was measured for two of them can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mbconv_cli.analysis.columns import COSTS
from mbconv_cli.analysis.grouping import LABELS, By
from mbconv_cli.errors import InputError
from mbconv_cli.machine.comparability import differences, fingerprint
from mbconv_cli.report.document import from_json
from mbconv_cli.report.model import Cell, Report, Row

LAYERS: Final = By.LAYER.section
LATENCY_KEY: Final = "latency_ms"
PEAK_KEY: Final = "peak_bytes"
LARGEST_COUNT: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A report that `mbconv profile --format json` wrote.

    Attributes:
        report: as it was written.
        layers: its rows, one an op.
    """

    report: Report
    layers: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The network's."""
        return str(self.report.subject.get("name", "a network"))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """`[N, C, H, W]`."""
        shape = self.report.subject["input_shape"]
        assert isinstance(shape, tuple)  # or it would not have been read
        return shape

    @property
    def peak_bytes(self) -> int | None:
        """Of activations alive at once where they are the most, if the profile says."""
        stored = self.report.totals.get(PEAK_KEY)
        return stored if isinstance(stored, int) else None

    @property
    def latency(self) -> dict[str, Cell]:
        """The end-to-end latency with its interval, in ms; nothing if it was not measured."""
        totals = self.report.totals
        keys = (LATENCY_KEY, f"{LATENCY_KEY}_low", f"{LATENCY_KEY}_high")
        return (
            {key: totals[key] for key in keys} if all(isinstance(totals.get(key), int | float) for key in keys) else {}
        )


def stored_profile(text: str, origin: str) -> StoredProfile:
    """The profile that a JSON text holds.

    Args:
        text: the JSON.
        origin: what messages call it.

    Raises:
        InputError: it is no report, not of one network, or has not a row for every op.
    """
    report = from_json(text, origin)
    section = report.sections.get(LAYERS)
    if report.kind != "profile" or section is None or not section.rows:
        raise InputError(f"{origin}: no profile by layer; `mbconv profile NETWORK --format json` writes one")
    shape = report.subject.get("input_shape")
    if not _is_shape(shape, dimensions=4):
        raise InputError(f"{origin}: damaged report: input_shape should be [N, C, H, W]; got {shape!r}")
    peak = report.totals.get(PEAK_KEY)
    if peak is not None and not _is_count(peak):
        raise InputError(f"{origin}: damaged report: {PEAK_KEY} should be a count; got {peak!r}")
    for key in (LATENCY_KEY, f"{LATENCY_KEY}_low", f"{LATENCY_KEY}_high"):
        if isinstance(time := report.totals.get(key), int | float) and time <= 0:
            raise InputError(f"{origin}: damaged report: {key} should be a time in ms; got {time!r}")
    for row in section.rows:
        _require_whole(row, origin)
    return StoredProfile(report, section.rows)


def differing_fields(base: Report, head: Report) -> tuple[str, ...]:
    """What differs between where and how two reports were measured, each as `cores 2 and 4`."""
    return tuple(
        f"{one.condition.replace('_', ' ')} {one.first} and {one.second}"
        for one in differences(_conditions(base), _conditions(head))
    )


def _conditions(report: Report) -> dict[str, Cell]:
    """The machine, where the number of threads is the one in use, and the form of execution."""
    settings = {key: value for key, value in report.provenance.settings.items() if key != "threads"}
    return {**fingerprint(report.provenance.machine), **settings, "dtype": report.subject.get("dtype")}


def _require_whole(row: Row, origin: str) -> None:
    """A row must be of one op, with its exact costs: with `--top` the last one sums up others."""
    labels = [column.key for column in LABELS[By.LAYER]]
    if missing := [key for key in labels if row.get(key) is None]:
        raise InputError(
            f"{origin}: the row {row.get('name')!r} has no {missing[0]}; a profile by layer without --top has"
        )
    for key in ("input_shape", "output_shape"):
        if not _is_shape(row[key]):
            raise InputError(f"{origin}: damaged report: {row['name']}: {key} should be a shape; got {row[key]!r}")
    for column in COSTS:
        figure = row.get(column.key)
        if not _is_count(figure):
            raise InputError(f"{origin}: damaged report: {row['name']}: {column.key} should be a count; got {figure!r}")


def _is_count(figure: Cell) -> bool:
    """Whether it is a whole number that a network can have of anything."""
    return isinstance(figure, int) and not isinstance(figure, bool) and 0 <= figure <= LARGEST_COUNT


def _is_shape(shape: Cell, dimensions: int | None = None) -> bool:
    if not isinstance(shape, tuple) or not shape or (dimensions and len(shape) != dimensions):
        return False
    return all(1 <= size <= LARGEST_COUNT for size in shape)
