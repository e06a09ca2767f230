"""The kernels of a pass as rows: which op launches them, what kind they are, and what they take."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, LATENCY_SHARE
from mbconv_cli.analysis.grouping import Group
from mbconv_cli.analysis.view import View, arranged
from mbconv_cli.errors import InputError
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.device_times import TimedKernel
from mbconv_cli.measure.execution import Execution, MemoryFormat, plan_to_run
from mbconv_cli.measure.timeline.kernel_kinds import KernelKind, kind_of
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import folded_norms
from mbconv_cli.report.model import Better, Column, Excerpt, Kind, Priority, Row, Section
from mbconv_cli.units import MILLISECOND

COLUMNS: Final = (
    Column("name", priority=Priority.CONTEXT),
    Column("layer"),
    Column("kind", priority=Priority.CONTEXT),
    Column("direction", priority=Priority.DERIVED),
    Column("count", priority=Priority.DETAIL),
    Column("grid", priority=Priority.DERIVED),
    LATENCY[0],
    LATENCY_SHARE,
)
LAUNCH: Final = Column("launch_ms", MILLISECOND, Kind.MEASURED, Better.LOWER)
LONGEST_NAME: Final = 40
TELLING_SHARE: Final = 0.05
"""Of the kernels' time: norms and layout conversions that take more are worth a line."""
MOST_PLACES: Final = 3
_WRAPPING: Final = re.compile(r"^(?:void )?(?:at::native::|cudnn::|cutlass::)*(?:\(anonymous namespace\)::)?")
_ARGUMENTS: Final = re.compile(r"[<(].*$")


@dataclass(frozen=True, slots=True)
class _Key:
    """Kernels of the same name and grid within one part of a pass are one row."""

    name: str
    part: int | None
    grid: tuple[int, ...]


def kernel_section(plan: Plan, bench: Bench, view: View, *, fused: bool = False) -> Section:
    """A row for every kernel of every op, in running order; equal ones of an op are one row with a count.

    Args:
        plan: that was run.
        bench: with the device's timeline.
        view: how to sort, and how many rows to show.
        fused: whether a compiler has made kernels of several ops each, so that they belong to no layer.

    Raises:
        InputError: no kernels were seen: this is no accelerator, or its profiler sees none.
    """
    kernels = require_kernels(bench)
    grouped: dict[_Key, list[TimedKernel]] = {}
    for kernel in kernels:
        grouped.setdefault(_Key(kernel.name, kernel.part, kernel.grid), []).append(kernel)
    whole = sum(kernel.ms for kernel in kernels)
    rows = [_row(None if fused else plan, key, group, whole) for key, group in grouped.items()]
    shown = arranged(rows, view, [LATENCY[0], LATENCY_SHARE])
    short = tuple({**row, "name": short_name(str(row["name"]))} for row in shown)
    return Section(COLUMNS, tuple(shown), excerpt=Excerpt("kernels", short))


def kernel_notes(plan: Plan, execution: Execution, bench: Bench) -> list[str]:
    """How the kernels' time divides among their kinds, what to do about it, and where those of no op ran.

    Args:
        plan: before any folding.
        execution: the form.
        bench: with the device's timeline; others have no kernels.
    """
    kernels = bench.measurement.device.kernels if bench.measurement.device else ()
    shares = kind_shares(kernels)
    if not shares:
        return []
    parts = ", ".join(f"{kind.value} {100 * share:.1f} %" for kind, share in shares.items())
    return [
        f"kinds: of the kernels' time, {parts}",
        *_norm_note(plan, execution, shares),
        *_layout_note(execution, shares),
        *_unassigned_note(plan_to_run(plan, execution), kernels),
    ]


def _norm_note(plan: Plan, execution: Execution, shares: Mapping[KernelKind, float]) -> list[str]:
    norm, elementwise = (shares.get(kind, 0.0) for kind in (KernelKind.NORM, KernelKind.ELEMENTWISE))
    if norm < TELLING_SHARE:
        return []
    may_fold = not (execution.training or execution.fold_norm) and bool(folded_norms(plan))
    advice = "; --fold-norm shows what folding them saves" if may_fold else ""
    return [f"norms: take {100 * norm:.1f} %, and element-wise kernels another {100 * elementwise:.1f} %{advice}"]


def _layout_note(execution: Execution, shares: Mapping[KernelKind, float]) -> list[str]:
    layout = shares.get(KernelKind.LAYOUT, 0.0)
    if layout < TELLING_SHARE:
        return []
    last = execution.memory_format is MemoryFormat.CHANNELS_LAST
    advice = "though feature maps are channels_last" if last else "use --memory-format channels_last"
    return [f"layout: conversions take {100 * layout:.1f} %{', ' if last else ': '}{advice}"]


def _unassigned_note(plan: Plan, kernels: Sequence[TimedKernel]) -> list[str]:
    """Between which layers the kernels ran that no op launched, or of which it cannot be said which one did."""
    places, before = list[str](), "the beginning"
    for unassigned, run in groupby(kernels, key=lambda kernel: kernel.part is None):
        of_run = list(run)
        if unassigned:
            places.append(f"{len(of_run)} after {before}")
        else:
            layer, direction = _place(plan, of_run[-1].part)
            before = f"{layer} (backward)" if direction == "backward" else layer
    if not places:
        return []
    more = f", and {len(places) - MOST_PLACES} places more" if len(places) > MOST_PLACES else ""
    return [f"unassigned: kernels of no op, or of one that cannot be decided: {', '.join(places[:MOST_PLACES])}{more}"]


def kind_shares(kernels: Sequence[TimedKernel]) -> dict[KernelKind, float]:
    """The share of each kind in the kernels' time, the largest first."""
    times: defaultdict[KernelKind, float] = defaultdict(float)
    for kernel in kernels:
        times[kind_of(kernel.name)] += kernel.ms
    whole = sum(times.values())
    return {kind: ms / whole for kind, ms in sorted(times.items(), key=lambda item: -item[1])} if whole else {}


def require_kernels(bench: Bench) -> tuple[TimedKernel, ...]:
    """The kernels of a pass.

    Raises:
        InputError: none were seen.
    """
    if bench.measurement.device is None:
        raise InputError(f"--by kernel: {bench.machine['device']} has no kernels that a profiler sees; take --by layer")
    if not bench.measurement.device.kernels:
        raise InputError(
            "--by kernel: torch's profiler saw no kernels; in a container it may lack the right to (CUPTI), see "
            "docs/accelerator.md"
        )
    return bench.measurement.device.kernels


def short_name(name: str) -> str:
    """`elementwise_kernel` of `void at::native::elementwise_kernel<128, 2, ...>(int, ...)`."""
    short = _ARGUMENTS.sub("", _WRAPPING.sub("", name)).strip() or name
    return short if len(short) <= LONGEST_NAME else f"{short[: LONGEST_NAME - 1]}…"


def require_launches(bench: Bench) -> tuple[float, ...]:
    """The host's time for launching each op, in ms.

    Raises:
        InputError: nothing is launched here, or ops are not launched one by one.
    """
    if bench.measurement.device is None or not bench.launched_by_op:
        raise InputError(f"--launch-times: {bench.machine['device']} launches no ops one by one here; leave it out")
    return bench.measurement.device.launch_ms


def with_launches(rows: Sequence[Row], groups: Sequence[Group], bench: Bench) -> list[Row]:
    """Each row with the host's time for launching its ops; rows of no op have none."""
    launches = require_launches(bench)
    sums = [math.fsum(launches[op] for op in group.ops) for group in groups]
    return [{**row, LAUNCH.key: ms} for row, ms in zip(rows, sums, strict=False)] + list(rows[len(groups) :])


def _row(plan: Plan | None, key: _Key, kernels: Sequence[TimedKernel], whole: float) -> Row:
    ms = sum(kernel.ms for kernel in kernels)
    layer, direction = ("none", "") if plan is None else _place(plan, key.part)
    return {
        "name": key.name,
        "layer": layer,
        "kind": kind_of(key.name).value,
        "direction": direction,
        "count": len(kernels),
        "grid": key.grid,
        LATENCY[0].key: ms,
        LATENCY_SHARE.key: ms / whole if whole else 0.0,
    }


def _place(plan: Plan, part: int | None) -> tuple[str, str]:
    """The layer of a part of a pass, and which way it goes there."""
    ops = len(plan.ops)
    if part is None:
        return "none", ""
    return (plan.ops[part].name, "forward") if part < ops else (plan.ops[2 * ops - 1 - part].name, "backward")
