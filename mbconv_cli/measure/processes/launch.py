"""Functions called in fresh Python processes, which share no state with this one. Needs no torch itself."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, Final, Protocol, TypeAlias, assert_never

from mbconv_cli.errors import CheckFailedError, InputError, MbconvError
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.process_messages import Interrupted, Message, Ready, Refused, Returned, Underway

CHILD: Final = "mbconv_cli.measure.processes.fresh_process"
_LOOK_AGAIN_SECONDS: Final = 0.1


class Process(Protocol):
    """A fresh process that calls one function once, on this machine or on another one."""

    def wait_until_ready(self) -> None:
        """Return when it takes no time from others any more, until it is called."""

    def call(self, *positional: Any, progress: Progress, **named: Any) -> Any:
        """Call the function in it, once."""

    def interrupt(self) -> Any:
        """Interrupt the call, after Ctrl-C has interrupted the wait for it; what it returns all the same."""

    def close(self) -> None:
        """End it, whatever it does."""


class FreshProcess:
    """A process that has been started for one call of one function.

    Args:
        process: the process, with pipes to its standard input and output.
        errors: the file that is its standard error.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._ready = False
        self._messages: list[Message | None] = []
        self._taken = 0
        self._arrived = Event()
        self._listener = Thread(target=self._listen, daemon=True)  # else Ctrl-C would cut a message in two
        self._listener.start()

    def wait_until_ready(self) -> None:
        """Return when it has imported what it needs, so that it takes no time from others any more.

        Raises:
            InputError: it died.
        """
        if not self._ready:
            self._receive()
            self._ready = True

    def call(self, *positional: Any, progress: Progress, **named: Any) -> Any:
        """Call the function in it, once.

        Args:
            positional: the function's arguments.
            progress: called with the share that is done; the function is given a `progress` of its own.
            named: more arguments.

        Raises:
            InputError: what the process could not do, in its own words; or that it died.
            CheckFailedError: a check of it failed.
        """
        self.wait_until_ready()
        self._hand_over((positional, named))
        return self._returned(progress)

    def interrupt(self) -> Any:
        """Interrupt the call, after Ctrl-C has interrupted the wait for it; what it returns all the same.

        Raises:
            InputError: as of a call.
            CheckFailedError: as of a call.
            KeyboardInterrupt: it was interrupted before there was anything to report.
        """
        if not self._ready or sys.platform == "win32":  # where a process cannot be sent what Ctrl-C sends
            raise KeyboardInterrupt
        self._process.send_signal(signal.SIGINT)
        return self._returned(lambda _: None)

    def _returned(self, progress: Progress) -> Any:
        while True:
            message = self._receive()
            match message:
                case Ready():
                    continue
                case Underway():
                    progress(message.share)
                case Returned():
                    return message.value
                case Refused():
                    raise _error_type(message.exit_code)(*message.problems)
                case Interrupted():
                    raise KeyboardInterrupt
                case _:
                    assert_never(message)

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def _listen(self) -> None:
        """Every message into the list, and None after the last one."""
        assert self._process.stdout is not None
        with suppress(EOFError, pickle.UnpicklingError):  # it is over, or was killed within a message
            while True:
                self._put(pickle.load(self._process.stdout))  # noqa: S301 - this process started it
        self._put(None)

    def _put(self, message: Message | None) -> None:
        self._messages.append(message)
        self._arrived.set()

    def _receive(self) -> Message:
        """The next message; an interruption loses none, and is seen soon even if it comes just before the waiting."""
        while self._taken == len(self._messages):
            self._arrived.wait(_LOOK_AGAIN_SECONDS)
            self._arrived.clear()
        message = self._messages[self._taken]
        if message is None:
            raise self._death()
        self._taken += 1
        return message

    def _death(self) -> InputError:
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return InputError(f"a measuring process ended early, with status {status}: {lines[-1]}")

    def _hand_over(self, arguments: tuple[Any, ...]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stdin:  # if it has died, its standard error says why
            stdin.write(pickle.dumps(arguments))


Launch: TypeAlias = Callable[[str], AbstractContextManager[Process]]


@contextmanager
def fresh_process(function: str) -> Iterator[FreshProcess]:
    """Start a Python that finds modules where this one does; it ends, at the latest, with the context.

    It has a session of its own, so that Ctrl-C in a terminal reaches this process alone.

    Args:
        function: `module:function`; it takes a `progress` beside its arguments.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - this Python, and a module of this package
            [sys.executable, "-P", "-m", CHILD, function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
            start_new_session=True,
        )
        started = FreshProcess(process, errors)
        try:
            yield started
        finally:
            started.close()


def _import_path() -> list[str]:
    """Where this process finds modules, and last the package itself, which may run from a folder that is not there."""
    package = str(Path(__file__).resolve().parents[3])
    paths = [path for path in sys.path if path]  # an empty one is the current directory
    return paths if package in paths else [*paths, package]


def _error_type(exit_code: int) -> type[MbconvError]:
    return CheckFailedError if exit_code == CheckFailedError.exit_code else InputError
