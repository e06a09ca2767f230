"""Whole networks measured in turn over fresh processes, so that a drift of the machine's speed hits all alike.

A round gives every candidate one turn, in random order, some of them to a process. What a turn found is handed over as
soon as its process has ended, so that an interruption loses the turns of one process at most.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, TypeAlias

from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.launch import Launch, Process, fresh_process
from mbconv_cli.measure.processes.turn_requests import Candidate, Turn, TurnRequest

FUNCTION: Final = "mbconv_cli.pytorch.turn_process:run"
TURNS_OF_A_PROCESS: Final = 10
"""Starting a process takes as long as three turns: so it has several, and few enough to lose little."""
STARTED_TOGETHER: Final = 4
"""Importing torch takes a second or two, which several processes spend at the same time."""

Place: TypeAlias = tuple[int, int]
"""(candidate, round), both counted from 0."""
Take: TypeAlias = Callable[[Place, Turn], None]


def schedule(
    candidates: int, rounds: int, done: Collection[Place] = (), *, at_once: int = TURNS_OF_A_PROCESS, seed: int = 0
) -> list[tuple[Place, ...]]:
    """The turns of each process, round after round; those that are done are left out.

    Args:
        candidates: how many there are.
        rounds: how many turns each of them gets.
        done: the turns that need not be repeated.
        at_once: the most turns of a process.
        seed: of the orders, which differ from round to round.
    """
    processes: list[tuple[Place, ...]] = []
    for index in range(rounds):
        order = random.Random(f"{seed}:{index}")  # noqa: S311 - an order of turns, no secret
        places = [(candidate, index) for candidate in order.sample(range(candidates), candidates)]
        open_places = [place for place in places if place not in done]
        processes += [tuple(open_places[start : start + at_once]) for start in range(0, len(open_places), at_once)]
    return processes


def take_turns(
    candidates: Sequence[Candidate],
    processes: Sequence[tuple[Place, ...]],
    take: Take,
    *,
    device: DeviceChoice,
    seconds: float,
    layers: bool = False,
    progress: Progress = lambda _: None,
    launch: Launch = fresh_process,
) -> None:
    """Measure the turns of one process after the other. Starting them is not measured.

    Args:
        candidates: that the places count.
        processes: the turns of each process, as `schedule` makes them.
        take: called with every turn.
        device: where torch runs the candidates.
        seconds: for each turn.
        layers: whether stamped passes are wanted, too.
        progress: called with the share of all turns that is done.
        launch: starts a process.

    Raises:
        InputError: the device is not there, has too little memory, or cannot run a network in this form.
        CheckFailedError: a form changes the outputs.
        KeyboardInterrupt: it was interrupted; what was measured until then has been handed over.
    """
    audits: dict[int, Audit] = {}
    total, finished = sum(map(len, processes)), 0
    for start in range(0, len(processes), STARTED_TOGETHER):
        some = processes[start : start + STARTED_TOGETHER]
        with ExitStack() as stack:
            started = [stack.enter_context(launch(FUNCTION)) for _ in some]
            for process in started:
                process.wait_until_ready()
            for process, places in zip(started, some, strict=True):
                known = tuple(replace(candidates[one], audited=audits.get(one)) for one, _ in places)
                request = TurnRequest(known, device, seconds, layers)
                share = _share(progress, finished, len(places), total)
                for place, turn in zip(places, _answers(process, request, places, take, share), strict=True):
                    if turn.audit is not None:
                        audits[place[0]] = turn.audit
                    take(place, turn)
                finished += len(places)


def _answers(
    process: Process, request: TurnRequest, places: Sequence[Place], take: Take, progress: Progress
) -> Sequence[Turn]:
    """The turns of one process, all of them; after an interruption those that there are are handed over first."""
    try:
        turns: Sequence[Turn] = process.call(request, progress=progress)
    except KeyboardInterrupt:
        for place, turn in zip(places, process.interrupt(), strict=False):
            take(place, turn)
        raise
    process.close()  # at once, so that its end takes no time from the next one
    return turns


def _share(progress: Progress, before: int, own: int, total: int) -> Progress:
    """One process's progress as its share of all turns."""
    return lambda done: progress((before + done * own) / total)
