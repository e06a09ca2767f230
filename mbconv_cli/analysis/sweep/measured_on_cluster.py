"""The points of a sweep measured on the machines of a cluster: all of them on every machine, one process at a time.

Latencies of two machines are different quantities. So every machine has tables, ranks and a front of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.sweep.cluster import ClusterMachine, cluster_machines, connected
from mbconv_cli.analysis.sweep.evaluation import Figures, SweepJob
from mbconv_cli.analysis.sweep.measured_sweep import measured_report, networks_to_measure
from mbconv_cli.analysis.sweep.sweep import Wanted
from mbconv_cli.machine.comparability import DECISIVE
from mbconv_cli.measure.execution import Execution
from mbconv_cli.report.model import Column, Report, Row, Section
from mbconv_cli.units import counted

if TYPE_CHECKING:
    from mbconv_cli.analysis.turns.turn_measuring import ProgressBar, TurnPlan, Turns
    from mbconv_cli.machine.device_choice import DeviceChoice
    from mbconv_cli.measure.latency import Progress

MACHINE: Final = Column("machine")


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """How points are measured on a cluster.

    Attributes:
        address: of its scheduler.
        device: where torch runs them, on every machine.
        rounds: how many fresh processes of a machine measure every point.
        resume: each machine keeps its turns in a file named after this one and itself; in memory alone if absent.
        progress: begins the progress of a task.
    """

    address: str
    device: DeviceChoice
    rounds: int
    resume: Path | None
    progress: ProgressBar


def measured_on_cluster(
    job: SweepJob, rows: Sequence[Figures], wanted: Wanted, execution: Execution, plan: ClusterPlan
) -> Report:
    """The report of a sweep whose rows have a latency on every machine of a cluster.

    Args:
        job: the points.
        rows: exact figures of those to measure.
        wanted: what is shown; its costs may be `latency_ms`.
        execution: the form; where it leaves the number of threads open, each machine has its own.
        plan: how they are measured.

    Raises:
        InputError: no scheduler answers, or it has no workers that can measure; or there are no points, or too many.
        CheckFailedError: closed forms and fvcore disagree.
        KeyboardInterrupt: it was interrupted before there was anything to show.
    """
    networks = networks_to_measure(job, rows)
    with connected(plan.address) as client:
        machines = cluster_machines(client, plan.address, execution.threads)
        turns = _on_all(client, machines, networks, execution, plan)
    reports = {
        machine.name: measured_report(job, rows, wanted, turns[machine.name], _form_on(machine, execution))
        for machine in machines
        if turns[machine.name].by_place
    }
    if not reports:
        raise KeyboardInterrupt
    return _together(reports, complete=len(reports) == len(machines))


def _form_on(machine: ClusterMachine, execution: Execution) -> Execution:
    return replace(execution, threads=machine.facts.threads)


def _on_all(
    client: Any,
    machines: Sequence[ClusterMachine],
    networks: Sequence[OpenNetwork],
    execution: Execution,
    plan: ClusterPlan,
) -> dict[str, Turns]:
    """The turns of every machine; all machines measure at the same time, and each one process at a time.

    An interruption, and the first machine that fails, end the others early.
    """
    from mbconv_cli.analysis.turns.turn_measuring import measure_turns

    stopped, bar = (
        Event(),
        _joint_bar(plan.progress(f"measuring on {counted(len(machines), 'machine')}"), len(machines)),
    )
    plans = [_turn_plan(client, machine, plan, bar(index), stopped) for index, machine in enumerate(machines)]
    with ThreadPoolExecutor(len(machines)) as pool:
        running = [
            pool.submit(measure_turns, networks, [_form_on(machine, execution)], own)
            for machine, own in zip(machines, plans, strict=True)
        ]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            pass  # what was measured until then is the result
        finally:
            stopped.set()
        return {machine.name: one.result() for machine, one in zip(machines, running, strict=True)}


def _turn_plan(client: Any, machine: ClusterMachine, plan: ClusterPlan, progress: Progress, stopped: Event) -> TurnPlan:
    from mbconv_cli.analysis.turns.kept_turns import KeptTurns
    from mbconv_cli.analysis.turns.turn_measuring import TurnPlan
    from mbconv_cli.measure.processes.worker_process import on_worker

    path = plan.resume.with_stem(f"{plan.resume.stem}-{machine.name}") if plan.resume else None
    kept = KeptTurns(path, machine.facts.fingerprint)
    launch = on_worker(client, machine.worker, machine.name, stopped)
    return TurnPlan(plan.device, plan.rounds, kept, lambda _: progress, launch=launch)


def _joint_bar(progress: Progress, count: int) -> Any:
    """For each of several tasks what takes its share; the bar shows the mean of all."""
    shares = [0.0] * count

    def of(index: int) -> Progress:
        def take(share: float) -> None:
            shares[index] = share
            progress(sum(shares) / count)

        return take

    return of


def _together(reports: Mapping[str, Report], *, complete: bool) -> Report:
    """One report on all machines.

    Args:
        reports: by the names of the machines.
        complete: whether there is one of each machine.
    """
    first = next(iter(reports.values()))
    of_all = [note for note in first.notes if all(note in one.notes for one in reports.values())]
    return replace(
        first,
        provenance=first.provenance if len(reports) == 1 else replace(first.provenance, machine={}),
        totals={"points": min(int(str(one.totals["points"])) for one in reports.values()), "machines": len(reports)},
        sections=_tables(reports),
        notes=(
            *(f"{machine}: {note}" for machine, one in reports.items() for note in one.notes if note not in of_all),
            *of_all,
        ),
        measurement={
            "complete": complete and all(one.measurement["complete"] for one in reports.values()),
            "usable": all(one.measurement["usable"] for one in reports.values()),
            "turns": sum(int(str(one.measurement["turns"])) for one in reports.values()),
        },
        samples={
            f"{key} on {machine}": values for machine, one in reports.items() for key, values in one.samples.items()
        },
    )


def _tables(reports: Mapping[str, Report]) -> dict[str, Section]:
    tables = {
        f"{name} on {machine}": replace(
            section,
            columns=(MACHINE, *section.columns),
            rows=tuple({MACHINE.key: machine, **row} for row in section.rows),
        )
        for machine, report in reports.items()
        for name, section in report.sections.items()
    }
    rows: list[Row] = [
        {MACHINE.key: machine, **{key: report.provenance.machine.get(key) for key in DECISIVE}}
        for machine, report in reports.items()
    ]
    return {**tables, "machines": Section((MACHINE, *map(Column, DECISIVE)), tuple(rows))}
