"""Every network in every form, measured in turn over fresh processes; turns that are kept already are not repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.turns.kept_turns import KeptTurns, TurnKey, turn_key
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.threads import thread_choice
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.launch import Launch, fresh_process
from mbconv_cli.measure.processes.turn_requests import Candidate, Turn
from mbconv_cli.measure.processes.turn_rounds import Place, schedule, take_turns

EXPORTER: Final = "mbconv_cli.pytorch.onnx.model_files:export_models"
TURN_SECONDS: Final = 0.5
"""Of sampling, for each turn: with warming up and building, a network of some 10 ms takes a second."""

ProgressBar = Callable[[str], Progress]
"""Begins a task with a name, and returns what takes its progress."""


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """How networks are measured in turn.

    Attributes:
        device: where torch runs them.
        rounds: how many fresh processes measure every network.
        kept: earlier turns, and the place for new ones.
        progress: begins the progress of a task.
        seconds: for each turn, warm-up not counted.
        layers: whether stamped passes are wanted, too.
        launch: starts a process.
    """

    device: DeviceChoice
    rounds: int
    kept: KeptTurns
    progress: ProgressBar
    seconds: float = TURN_SECONDS
    layers: bool = False
    launch: Launch = fresh_process


@dataclass(frozen=True, slots=True)
class Turns:
    """What was measured.

    Attributes:
        by_place: turns by candidate and round; candidates are counted network by network, all forms of each.
        interrupted: whether some are missing since it was interrupted.
    """

    by_place: dict[Place, Turn]
    interrupted: bool = False

    def of(self, candidate: int) -> list[Turn]:
        """The turns of a candidate."""
        return [self.by_place[place] for place in sorted(self.by_place) if place[0] == candidate]


def measure_turns(networks: Sequence[OpenNetwork], executions: Sequence[Execution], plan: TurnPlan) -> Turns:
    """Measure what is not kept yet. An interruption ends it early, with what there is.

    Raises:
        InputError: the device is not there, has too little memory, or cannot run a network in a form.
        CheckFailedError: closed forms and fvcore disagree, or a form changes the outputs.
    """
    pairs = [(network, execution) for network in networks for execution in executions]

    def key(place: Place) -> TurnKey:
        network, execution = pairs[place[0]]
        return turn_key(network, execution, thread_choice(execution.threads).count, plan.device, place[1])

    places = [(candidate, index) for candidate in range(len(pairs)) for index in range(plan.rounds)]
    done = {place for place in places if _is_kept(plan, key(place))}
    processes = schedule(len(pairs), plan.rounds, done)
    interrupted = False
    try:
        with _candidates(pairs, {place[0] for places in processes for place in places}, plan) as candidates:
            take_turns(
                candidates,
                processes,
                lambda place, turn: plan.kept.add(key(place), pairs[place[0]][0].plan.name, turn),
                device=plan.device,
                seconds=plan.seconds,
                layers=plan.layers,
                progress=plan.progress("measuring"),
                launch=plan.launch,
            )
    except KeyboardInterrupt:
        interrupted = True
    turns = {place: plan.kept.turns[key(place)] for place in places if key(place) in plan.kept.turns}
    return Turns(turns, interrupted)


def _is_kept(plan: TurnPlan, key: TurnKey) -> bool:
    """Whether a turn is there, with its layers where they are wanted."""
    turn = plan.kept.turns.get(key)
    return turn is not None and bool(turn.layers_ms or not plan.layers)


@contextmanager
def _candidates(
    pairs: Sequence[tuple[OpenNetwork, Execution]], wanted: set[int], plan: TurnPlan
) -> Iterator[list[Candidate]]:
    """All candidates, those for onnxruntime with their exported files, which are gone afterwards."""
    with TemporaryDirectory(prefix="mbconv-") as folder:
        models = {
            index: Path(folder) / f"{index}.onnx"
            for index, (_, execution) in enumerate(pairs)
            if index in wanted and execution.backend is Backend.ONNXRUNTIME
        }
        if models:
            _export(pairs, models, plan)
        yield [
            Candidate(network.plan, _with_threads(execution), models.get(index))
            for index, (network, execution) in enumerate(pairs)
        ]


def _with_threads(execution: Execution) -> Execution:
    """The form with the number of threads that it leaves open."""
    return replace(execution, threads=thread_choice(execution.threads).count)


def _export(pairs: Sequence[tuple[OpenNetwork, Execution]], models: dict[int, Path], plan: TurnPlan) -> None:
    """Export each network once, whatever the number of threads."""
    files: dict[str, Path] = {}
    for index, path in models.items():
        files.setdefault(pairs[index][0].sha256, path)
    first = {path: pairs[index][0].plan for index, path in models.items() if path in files.values()}
    with plan.launch(EXPORTER) as process:
        batch_size = pairs[0][1].batch_size
        process.call([(found, path) for path, found in first.items()], batch_size, progress=plan.progress("exporting"))
    for index in models:
        models[index] = files[pairs[index][0].sha256]
