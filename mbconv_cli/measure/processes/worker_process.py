"""Fresh processes of a dask cluster's workers, which are called as those of this machine are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from mbconv_cli.errors import CheckFailedError, InputError, MbconvError
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.launch import Launch, fresh_process

_LOOK_AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A function that a worker calls in a fresh process of its machine, once that is asked for.

    Attributes:
        client: of the cluster.
        worker: its address.
        machine: what messages call its machine.
        function: `module:function`.
        stopped: set where nobody waits for results any more.
    """

    client: Any
    worker: str
    machine: str
    function: str
    stopped: Event

    def wait_until_ready(self) -> None:
        """Return at once: it is started when it is called."""

    def call(self, *positional: Any, progress: Progress, **named: Any) -> Any:
        """Call the function, and wait for what it returns.

        Args:
            positional: the function's arguments.
            progress: called at the end; a worker reports nothing before.
            named: more arguments.

        Raises:
            InputError: what the process could not do, with its machine; or the worker is gone.
            CheckFailedError: a check of it failed.
            KeyboardInterrupt: nobody waits any more; what the worker has begun it finishes in vain.
        """
        future = self.client.submit(
            call_here, self.function, positional, named, workers=[self.worker], allow_other_workers=False, pure=False
        )
        result = self._result(future)
        progress(1.0)
        return result

    def interrupt(self) -> Any:
        """Nothing can be had of a process elsewhere before its end.

        Raises:
            KeyboardInterrupt: always.
        """
        raise KeyboardInterrupt

    def close(self) -> None:
        """Nothing: the worker has ended the process."""

    def _result(self, future: Any) -> Any:
        while True:
            try:
                return future.result(timeout=_LOOK_AGAIN_SECONDS)
            except TimeoutError as error:
                if self.stopped.is_set():
                    future.cancel()
                    raise KeyboardInterrupt from error
                if self.worker not in self.client.scheduler_info(n_workers=-1)["workers"]:
                    raise InputError(
                        f"{self.machine}: its worker {self.worker} is gone; start it again, and take --resume FILE to "
                        "repeat no turn"
                    ) from error
            except MbconvError as error:
                kind = CheckFailedError if isinstance(error, CheckFailedError) else InputError
                raise kind(*(f"{self.machine}: {sentence}" for sentence in error.sentences)) from error


def call_here(function: str, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call a function in a fresh process of this machine. This is what a worker runs."""
    with fresh_process(function) as process:
        return process.call(*positional, progress=lambda _: None, **named)


def on_worker(client: Any, worker: str, machine: str, stopped: Event) -> Launch:
    """What starts processes on the machine of a worker.

    Args:
        client: of the cluster.
        worker: its address.
        machine: what messages call its machine.
        stopped: to be set where nobody waits for results any more.
    """

    @contextmanager
    def launch(function: str) -> Iterator[WorkerProcess]:
        yield WorkerProcess(client, worker, machine, function, stopped)

    return launch
