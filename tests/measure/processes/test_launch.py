"""Calls in fresh processes, for real: what they return, refuse, print, and how they are interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.measure.processes.launch import FreshProcess, fresh_process

FUNCTIONS = """
import os, sys, time
from mbconv_cli.errors import CheckFailedError, InputError

def echo(*positional, progress, **named):
    progress(0.25)
    return positional, named, os.getpid()

def steps(progress):
    for step in range(1001):
        progress(step / 1000)

def prints(progress):
    print("noise")
    os.system("echo more noise")
    return "quiet"

def refuses(progress):
    raise InputError("no such thing", "nor such a one")

def fails(progress):
    raise CheckFailedError("they differ")

def dies(progress):
    sys.exit("out of luck")

def waits(progress):
    try:
        progress(0.5)
        time.sleep(60)
    except KeyboardInterrupt:
        return "so far"

def waits_for_nothing(progress):
    progress(0.5)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "called.py").write_text(FUNCTIONS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_call_returns_what_the_function_does_in_another_process() -> None:
    told: list[float] = []
    with fresh_process("called:echo") as process:
        positional, named, number = process.call(1, "two", progress=told.append, three=[3])
    assert (positional, named) == ((1, "two"), {"three": [3]})
    assert number != os.getpid()
    assert told == [0.25]


def test_progress_is_told_in_steps_of_a_few_percent() -> None:
    told: list[float] = []
    with fresh_process("called:steps") as process:
        process.call(progress=told.append)
    assert 30 < len(told) <= 50
    assert told == sorted(told)


def test_what_is_printed_in_it_does_no_harm() -> None:
    with fresh_process("called:prints") as process:
        assert process.call(progress=no_progress) == "quiet"


def test_several_are_ready_together_and_called_one_by_one() -> None:
    with fresh_process("called:echo") as one, fresh_process("called:echo") as other:
        for process in (one, other):
            process.wait_until_ready()
            process.wait_until_ready()
        numbers = {process.call(progress=no_progress)[2] for process in (one, other)}
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("function", "error", "problems"),
    [
        ("refuses", InputError, ("no such thing", "nor such a one")),
        ("fails", CheckFailedError, ("they differ",)),
    ],
)
def test_errors_of_this_project_pass(
    function: str, error: type[InputError | CheckFailedError], problems: tuple[str, ...]
) -> None:
    with fresh_process(f"called:{function}") as process, pytest.raises(error) as raised:
        process.call(progress=no_progress)
    assert tuple(raised.value.sentences) == problems


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("called:dies", "a measuring process ended early, with status 1: out of luck"),
        ("called:is_not_there", "ended early, with status 1: .*is_not_there"),
        ("is_not_there:either", "ended early, with status 1: .*No module named 'is_not_there'"),
    ],
)
def test_a_process_that_dies_is_told_of(function: str, told: str) -> None:
    with fresh_process(function) as process, pytest.raises(InputError, match=told):
        process.call(progress=no_progress)


def test_a_process_that_is_killed_is_told_of() -> None:
    def kill(_: float) -> None:
        os.kill(process._process.pid, signal.SIGKILL)

    with fresh_process("called:waits") as process, pytest.raises(InputError, match="with status -9: it said nothing"):
        process.call(progress=kill)


def test_an_interruption_reaches_it_and_what_it_returns_counts() -> None:
    with fresh_process("called:waits") as process:
        assert interrupted(process) == "so far"


def test_an_interruption_before_there_is_anything_to_tell_is_one_here_too() -> None:
    with fresh_process("called:waits_for_nothing") as process:
        nothing_to_tell = None
        try:
            interrupted(process)
        except KeyboardInterrupt as error:
            nothing_to_tell = error
    assert nothing_to_tell is not None


def test_what_had_been_returned_before_the_interruption_is_not_lost() -> None:
    with fresh_process("called:echo") as process:
        process.call(progress=no_progress)
        process._taken -= 1  # as if the wait for it had been interrupted
        assert process.interrupt()[:2] == ((), {})


def test_a_process_that_is_not_ready_has_nothing_to_tell() -> None:
    with fresh_process("called:echo") as process, pytest.raises(KeyboardInterrupt):
        process.interrupt()


def interrupted(process: FreshProcess) -> object:
    """Call it, and press Ctrl-C once it is at work."""
    at_work = threading.Event()

    def press() -> None:
        assert at_work.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=press)
    watcher.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            process.call(progress=lambda _: at_work.set())
    finally:
        watcher.join()
    return process.interrupt()


def test_it_ends_with_its_context() -> None:
    with fresh_process("called:waits") as process:
        process.wait_until_ready()
        started = process._process
        assert started.poll() is None
    assert started.poll() is not None


def test_the_one_that_calls_needs_no_torch() -> None:
    script = """
import sys
from mbconv_cli.analysis.profile.benches import LatencyRequest, run_benches
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.measure.budget import Budget
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution

plan = open_network("mobilenet-v3-small", resolution=32).plan
request = LatencyRequest(DeviceChoice("cpu"), Budget(min_seconds=0.0, max_seconds=0.2), lambda _: None, processes=2)
(bench,) = run_benches(plan, plan_costs(plan), Execution(threads=1), (1,), request)
assert len(bench.measurement.processes) == 2 and bench.audit.agrees
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def no_progress(_: float) -> None:
    """Nobody is told."""
