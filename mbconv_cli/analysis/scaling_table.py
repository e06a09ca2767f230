"""What a network's width and depth factors make of each row: filters and repeats before, times the factor, rounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mbconv_cli.plan.planner import effective
from mbconv_cli.plan.scaling import scale_filters, scale_head, scale_layer, scale_repeats, scale_stem
from mbconv_cli.report.model import Column, Kind, Priority, Row, Section
from mbconv_cli.spec.row_keys import Row as ConvolutionRow
from mbconv_cli.spec.spec import Scaling, Spec

COLUMNS: Final = (
    Column("part"),
    Column("rule", priority=Priority.CONTEXT),
    Column("filters", kind=Kind.EXACT),
    Column("times_width", kind=Kind.EXACT),
    Column("scaled_filters", kind=Kind.EXACT),
    Column("repeats", kind=Kind.EXACT),
    Column("stage_times_depth", kind=Kind.EXACT, priority=Priority.CONTEXT),
    Column("scaled_repeats", kind=Kind.EXACT),
)


def scaling_section(spec: Spec) -> Section:
    """One row for the stem, each row of the table, the head and the hidden layer."""
    return Section(COLUMNS, tuple(_rows(effective(spec))))


def scaling_note(spec: Spec) -> str:
    """The factors, and the rules by which they act, in the words of the keys under `scaling`."""
    scaling = effective(spec).scaling
    factors = f"scaling: width {scaling.width:g}, depth {scaling.depth:g}"
    if spec.scaling.compound is not None:
        factors += f" (compound {spec.scaling.compound:g})"
    rules = [f"filters to multiples of {scaling.divisor}", f"depth rounded {scaling.depth_rounding}"]
    rules += [f"{key} {getattr(scaling, key)}" for key in ("stem", "head", "hidden") if _has(spec, key)]
    if any(getattr(row, "expanded_filters", None) for row in spec.blocks):
        rules.append(f"expansion by {scaling.expansion}")
    return f"{factors}; {', '.join(rules)}" + (", fixed ends" if scaling.fixed_ends else "")


def _has(spec: Spec, key: str) -> bool:
    if key == "hidden":
        return spec.classifier is not None and spec.classifier.hidden_filters is not None
    return getattr(spec, key) is not None


def _rows(spec: Spec) -> Iterator[Row]:
    scaling = spec.scaling
    if spec.stem:
        yield _of_layer("stem", spec.stem.output_filters, scale_stem(spec.stem.output_filters, scaling), scaling)
    repeats = scale_repeats(spec)
    for number, stage in enumerate(spec.stages()):
        total = sum(spec.blocks[index].num_repeat for index in stage)
        fixed = scaling.fixed_ends and number in {0, len(spec.stages()) - 1}
        for index in stage:
            row = spec.blocks[index]
            filters = row.output_filters if isinstance(row, ConvolutionRow) else spec.filters_into(index)
            yield {
                "part": f"stages.{number}" if len(stage) == 1 else f"stages.{number}, row {index + 1}",
                "rule": "scaled",
                "filters": filters,
                "times_width": round(filters * scaling.width, 3),
                "scaled_filters": scale_filters(filters, scaling),
                "repeats": row.num_repeat,
                "stage_times_depth": float(total) if fixed else round(total * scaling.depth, 3),
                "scaled_repeats": repeats[index],
            }
    if spec.head:
        filters = spec.head.output_filters
        yield _of_layer("head", filters, scale_head(filters, spec), scaling)
    if spec.classifier and spec.classifier.hidden_filters is not None:
        filters = spec.classifier.hidden_filters
        yield _of_layer("hidden", filters, scale_layer(filters, scaling.hidden, scaling), scaling)


def _of_layer(part: str, filters: int, scaled: int, scaling: Scaling) -> Row:
    return {
        "part": part,
        "rule": getattr(scaling, part),
        "filters": filters,
        "times_width": round(filters * scaling.width, 3),
        "scaled_filters": scaled,
    }
