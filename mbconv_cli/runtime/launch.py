"""A request measured in a fresh Python process, which shares no state with this one. Needs no torch itself."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from mbconv_cli.errors import CheckFailedError, InputError, MbconvError
from mbconv_cli.runtime.processes import Outcome, Progress, Request

PROCESS_MODULE: Final = "mbconv_cli.runtime.comparison_process"


def launch_process(request: Request, progress: Progress) -> Outcome:
    """The request in a process that ends, at the latest, when this function does.

    Raises:
        InputError: what the process could not do, in its own words; or that it died.
        CheckFailedError: its audit failed.
    """
    with tempfile.TemporaryFile() as errors:
        with _process(errors.fileno()) as process:
            assert process.stdout is not None
            _hand_over(request, process)
            for line in process.stdout:
                message = json.loads(line)
                if "progress" not in message:
                    return _outcome(message)
                progress(message["progress"])
            status = process.wait()
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
    raise InputError(f"a measuring process ended early, with status {status}: {told[-1]}")


@contextmanager
def _process(errors: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Python that finds modules where this one does, in a session of its own: Ctrl-C reaches this process alone."""
    process = subprocess.Popen(  # noqa: S603 - this Python, and a module of this package
        [sys.executable, "-P", "-m", PROCESS_MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _hand_over(request: Request, process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:  # if it has died, its standard error says why
        stdin.write(pickle.dumps(request))


def _outcome(message: dict[str, Any]) -> Outcome:
    if "problems" in message:
        raise _error_type(message["exit_code"])(*message["problems"])
    found = message["outcome"]
    return Outcome(
        latency_ms=tuple(tuple(figures) for figures in found["latency_ms"]),
        latency_ratio=tuple(tuple(figures) for figures in found["latency_ratio"]),
        rounds=tuple(found["rounds"]),
        machine=found["machine"],
        audited_ops=found["audited_ops"],
        round_ms=tuple(tuple(tuple(times) for times in rounds) for rounds in found["round_ms"]),
    )


def _error_type(exit_code: int) -> type[MbconvError]:
    return CheckFailedError if exit_code == CheckFailedError.exit_code else InputError
