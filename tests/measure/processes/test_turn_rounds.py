"""Turns over processes: who measures what when, with processes that a test makes up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.processes.launch import FreshProcess
from mbconv_cli.measure.processes.turn_requests import Candidate, Turn, TurnRequest
from mbconv_cli.measure.processes.turn_rounds import Place, schedule, take_turns

CPU = DeviceChoice("cpu")
AGREES = Audit(1, 1, 1, 1, (), ())


@given(
    st.integers(0, 12), st.integers(0, 4), st.integers(1, 5), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 3)))
)
def test_every_turn_is_scheduled_once_unless_it_is_done(
    candidates: int, rounds: int, at_once: int, done: set[Place]
) -> None:
    processes = schedule(candidates, rounds, done, at_once=at_once)
    places = [place for process in processes for place in process]
    wanted = {(candidate, index) for candidate in range(candidates) for index in range(rounds)} - done
    assert Counter(places) == Counter(wanted)
    assert all(1 <= len(process) <= at_once for process in processes)
    assert [index for _, index in places] == sorted(index for _, index in places)


def test_the_order_changes_from_round_to_round() -> None:
    processes = schedule(8, 3, at_once=8)
    assert len({tuple(candidate for candidate, _ in process) for process in processes}) == 3


class Processes:
    """Made-up processes: each turn takes a millisecond more, and one of them may be interrupted."""

    def __init__(self, interrupted_at: int | None = None) -> None:
        self.requests: list[TurnRequest] = []
        self.alive = 0
        self._interrupted_at = interrupted_at

    @contextmanager
    def launch(self, function: str) -> Iterator[FreshProcess]:
        assert function == "mbconv_cli.pytorch.turn_process:run"
        self.alive += 1
        yield cast(
            "FreshProcess",
            SimpleNamespace(
                call=self.call, interrupt=self.interrupt, wait_until_ready=lambda: None, close=lambda: None
            ),
        )
        self.alive -= 1

    def call(self, request: TurnRequest, progress: Any) -> tuple[Turn, ...]:
        self.requests.append(request)
        if len(self.requests) - 1 == self._interrupted_at:
            raise KeyboardInterrupt
        progress(1.0)
        return self.turns(request)

    def interrupt(self) -> tuple[Turn, ...]:
        return self.turns(self.requests[-1])[:1]

    def turns(self, request: TurnRequest) -> tuple[Turn, ...]:
        return tuple(
            Turn(float(index + 1), 5, audit=one.audited or AGREES) for index, one in enumerate(request.candidates)
        )


def candidates(count: int) -> list[Candidate]:
    return [Candidate(open_network("mobilenet-v2").plan, Execution())] * count


def test_what_was_audited_once_is_not_audited_again() -> None:
    made, taken, shares = Processes(), dict[Place, Turn](), list[float]()
    take_turns(
        candidates(3),
        schedule(3, 2, at_once=2),
        taken.__setitem__,
        device=CPU,
        seconds=0.1,
        progress=shares.append,
        launch=made.launch,
    )
    assert len(taken) == 6
    audited = [[one.audited is not None for one in request.candidates] for request in made.requests]
    assert audited == [[False, False], [False], [True, True], [True]]
    assert shares == pytest.approx([2 / 6, 3 / 6, 5 / 6, 1.0])
    assert made.alive == 0


def test_an_interruption_hands_over_what_its_process_had_finished() -> None:
    made, taken = Processes(interrupted_at=1), dict[Place, Turn]()
    with pytest.raises(KeyboardInterrupt):
        take_turns(
            candidates(4), schedule(4, 2, at_once=4), taken.__setitem__, device=CPU, seconds=0.1, launch=made.launch
        )
    assert len(taken) == 5
