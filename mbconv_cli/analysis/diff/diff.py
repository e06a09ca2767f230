"""What is different between two networks, and what does each difference cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from mbconv_cli.analysis.columns import BYTES, COSTS
from mbconv_cli.analysis.diff.diff_latency import Latency, measured_latency, stored_latency
from mbconv_cli.analysis.diff.diff_parts import Cut
from mbconv_cli.analysis.diff.diff_sides import Side, identical, same_in_groups, sides_of
from mbconv_cli.analysis.diff.layers import COST_KEYS
from mbconv_cli.analysis.diff.pairings import Pairing, Status, difference_section, pair_layers, pair_parts
from mbconv_cli.analysis.diff.references import Opened
from mbconv_cli.analysis.diff.spec_options import Change, spec_changes
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.report.model import Better, Cell, Column, Excerpt, Kind, Priority, Provenance, Report, Row, Section
from mbconv_cli.units import CHANGE

PEAK_BYTES: Final = replace(BYTES, key="peak_bytes")
TOTALS_COLUMNS: Final = (
    Column("metric"),
    Column("base", kind=Kind.EXACT, better=Better.LOWER, priority=Priority.CONTEXT, pair="compared"),
    Column("head", kind=Kind.EXACT, better=Better.LOWER, priority=Priority.CONTEXT, pair="compared"),
    Column("unit"),
    Column("difference", kind=Kind.EXACT, better=Better.LOWER),
    Column("change", CHANGE, Kind.EXACT, Better.LOWER),
)
OPTIONS_COLUMNS: Final = (
    Column("option"),
    Column("base", priority=Priority.CONTEXT, pair="compared"),
    Column("head", priority=Priority.CONTEXT, pair="compared"),
)


class DiffBy(str, Enum):
    """What a row of a diff is."""

    LAYER = "layer"
    BLOCK = "block"
    STAGE = "stage"

    @property
    def section(self) -> str:
        """The name of the report's section."""
        return f"{self.value}s"


@dataclass(frozen=True, slots=True)
class Diff:
    """A report on two networks, and whether they differ in anything that is computed."""

    report: Report
    differs: bool


def diff(
    base: Opened,
    head: Opened,
    *,
    by: DiffBy | None = None,
    batch_size: int | None = None,
    measure: MeasureRequest | None = None,
) -> Diff:
    """What the second network has in place of what the first one has, and how much more that costs.

    Args:
        base: what is compared with.
        head: what is compared.
        by: what a row is; if absent, stages are shown and blocks kept for formats that hold every row.
        batch_size: images in a batch; as in the stored profiles if absent, or one.
        measure: where to measure both in turn; nothing is measured if absent, or if they compute the same.

    Raises:
        InputError: the batches are not the same, there is no network to measure, or the device is not there.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    first, second = sides_of(base, head, batch_size)
    same = identical(first, second)
    only_names = same and first.spec is None  # one is code, and both compute the same
    pairings = [] if only_names else _pairings(first, second, by or DiffBy.BLOCK)
    latency = _latency(first, second, measure, same=same)
    shared = _shared_changes(first, second)
    sections = {
        **_tables(first, second, pairings, by, shared),
        "options": Section(OPTIONS_COLUMNS, _options(first, second)),
        "totals": Section(TOTALS_COLUMNS, _totals(first, second)),
        "latency": latency.section,
    }
    return Diff(
        Report(
            kind="diff",
            provenance=_provenance(first, second, latency.machine),
            subject=_subject(first, second),
            totals={f"{key}_difference": sum(pairing.difference(key) for pairing in pairings) for key in COST_KEYS},
            sections={name: section for name, section in sections.items() if section and section.rows},
            notes=(*_notes(first, second, pairings, same=same), *latency.notes),
            measurement=latency.figures,
        ),
        differs=not same,
    )


def _provenance(base: Side, head: Side, machine: Mapping[str, Cell]) -> Provenance:
    return provenance(
        head.network,
        {**host_fingerprint(), **machine},
        base_spec_sha256=base.spec_sha256,
        head_spec_sha256=head.spec_sha256,
    )


def _latency(base: Side, head: Side, measure: MeasureRequest | None, *, same: bool) -> Latency:
    if measure is None:
        return stored_latency(base, head)
    if same:
        return Latency(notes=("latency: not measured, since the plans are identical",))
    return measured_latency(base, head, measure)


def _pairings(base: Side, head: Side, by: DiffBy) -> list[Pairing]:
    cut = Cut.STAGE if by is DiffBy.STAGE else Cut.BLOCK
    parts = pair_parts(base.parts(cut), head.parts(cut))
    return pair_layers(parts) if by is DiffBy.LAYER else parts


def _tables(
    base: Side, head: Side, pairings: Sequence[Pairing], by: DiffBy | None, shared: frozenset[Change]
) -> dict[str, Section]:
    """The parts that differ; with nothing asked for, by stage, and the blocks set aside."""
    if by is not None:
        return {by.section: difference_section(pairings, shared)}
    stages = difference_section(_pairings(base, head, DiffBy.STAGE), shared)
    blocks = replace(difference_section(pairings, shared), excerpt=Excerpt())
    return {DiffBy.STAGE.section: stages, DiffBy.BLOCK.section: blocks}


def _shared_changes(base: Side, head: Side) -> frozenset[Change]:
    """The changes of settings that hold for the whole network: the options have them, so no part repeats them."""
    if base.spec is None or head.spec is None:
        return frozenset()
    changed = spec_changes(base.spec, head.spec)
    return frozenset(change for change in changed if not change.option.startswith("blocks["))


def _totals(base: Side, head: Side) -> tuple[Row, ...]:
    sums = [[sum(layer.count(column.key) for layer in side.layers) for column in COSTS] for side in (base, head)]
    rows = [_total(column, *figures) for column, *figures in zip(COSTS, *sums, strict=True)]
    return (*rows, _total(PEAK_BYTES, base.peak_bytes, head.peak_bytes))


def _total(column: Column, base: int | None, head: int | None) -> Row:
    """A metric of both, and the difference where both have it."""
    row: dict[str, Cell] = {"metric": column.key, "base": base, "head": head, "unit": column.unit}
    if base is not None and head is not None:
        row["difference"] = head - base
        row["change"] = (head - base) / base if base else None
    return row


def _options(base: Side, head: Side) -> tuple[Row, ...]:
    if base.spec is None or head.spec is None:
        return ()
    return tuple(change._asdict() for change in spec_changes(base.spec, head.spec))


def _subject(base: Side, head: Side) -> dict[str, Cell]:
    name = base.name if base.name == head.name else f"{base.name} -> {head.name}"
    if base.input_shape == head.input_shape:
        return {"name": name, "input_shape": head.input_shape, "dtype": "float32"}
    return {
        "name": name,
        "base_input_shape": base.input_shape,
        "head_input_shape": head.input_shape,
        "dtype": "float32",
    }


def _notes(base: Side, head: Side, pairings: Sequence[Pairing], *, same: bool) -> list[str]:
    notes = []
    if same:
        notes.append(f"identical plan: both compute the same, op by op{_in_groups(base, head)}")
    elif all(pairing.status is Status.SAME for pairing in pairings):
        notes.append(_what_else(base, head))
    if base.network is None or head.network is None:
        notes.append(
            "a stored profile has no options, kernel sizes and functions: compared are kinds, roles, shapes and costs"
        )
    return notes


def _in_groups(base: Side, head: Side) -> str:
    """What to add where only one of the two has convolutions in groups."""
    plans = [side.network.plan for side in (base, head) if side.network]
    if len(plans) < 2 or not any(plan.code for plan in plans) or not same_in_groups(*plans):
        return ""
    return "; one of them slices channels, convolves and concatenates where the other convolves in groups"


def _what_else(base: Side, head: Side) -> str:
    """Why networks differ whose parts are all the same."""
    if base.network and head.network:
        return "the same ops, under other names"
    if base.spec_sha256 == head.spec_sha256:
        return "the same costs, under other names"
    return "the same costs; the digests of the specs differ, so something does that costs nothing"
