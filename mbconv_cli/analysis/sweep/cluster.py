"""A running dask cluster: how it is reached, and which machines its workers are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli import __version__
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint, host_name, system_identity
from mbconv_cli.machine.threads import thread_choice
from mbconv_cli.report.model import Cell

_CONNECT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What is known about a worker.

    Attributes:
        version: of its mbconv.
        system: the running system that it is a part of; the same for all workers of one machine.
        host: the name of its host.
        fingerprint: of its machine, without torch.
        threads: how many compute there.
    """

    version: str
    system: str
    host: str
    fingerprint: Mapping[str, Cell]
    threads: int


@dataclass(frozen=True, slots=True)
class ClusterMachine:
    """A machine of a cluster.

    Attributes:
        name: of its host, numbered where several have one name.
        worker: the address of the one of its workers that measures.
        facts: about that.
    """

    name: str
    worker: str
    facts: WorkerFacts


def worker_facts(threads: int | None) -> WorkerFacts:
    """What this worker is. Workers run it.

    Args:
        threads: that are asked for; the machine's default if absent.
    """
    count = thread_choice(threads).count
    return WorkerFacts(__version__, system_identity(), host_name(), host_fingerprint(), count)


def connected(address: str) -> Any:
    """A client of the scheduler at an address.

    Raises:
        InputError: dask is not installed, or no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError("--scheduler needs dask.distributed: pip install 'mbconv-cli[cluster]'") from error
    try:
        connect: Any = distributed.Client  # without types
        return connect(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {address}: no scheduler answers ({error or type(error).__name__}); start one with "
            "`dask scheduler` and workers with `dask worker ADDRESS`"
        ) from error


def cluster_machines(client: Any, address: str, threads: int | None = None) -> tuple[ClusterMachine, ...]:
    """The machines that a cluster's workers are on, by name.

    Args:
        client: of the cluster.
        address: of its scheduler.
        threads: that are asked for; each machine's default if absent.

    Raises:
        InputError: there is no worker, or one has no mbconv or another version of it.
    """
    answers: dict[str, object] = client.run(worker_facts, threads, on_error="return")
    if not answers:
        raise InputError(f"--scheduler {address}: has no workers; start some with `dask worker {address}`")
    return machines_of(
        {worker: _known(f"--scheduler {address}: worker {worker}", one) for worker, one in answers.items()}
    )


def _known(worker: str, answer: object) -> WorkerFacts:
    """What is known about a worker.

    Raises:
        InputError: it cannot, since it has no mbconv; or it has another version.
    """
    if not isinstance(answer, WorkerFacts):
        raise InputError(f"{worker} cannot load mbconv ({answer}); install mbconv-cli {__version__} there")
    if answer.version != __version__:
        raise InputError(f"{worker} has mbconv {answer.version}, and here it is {__version__}; install one version")
    return answer


def machines_of(by_worker: Mapping[str, WorkerFacts]) -> tuple[ClusterMachine, ...]:
    """One worker of each machine, the first by its address.

    Args:
        by_worker: what is known about the workers, by their addresses.
    """
    first: dict[str, str] = {}
    for worker in sorted(by_worker):
        first.setdefault(by_worker[worker].system, worker)
    found: dict[str, ClusterMachine] = {}
    for worker in sorted(first.values(), key=lambda one: (by_worker[one].host, one)):
        host, count = by_worker[worker].host, 1
        while (name := host if count == 1 else f"{host}-{count}") in found:
            count += 1
        found[name] = ClusterMachine(name, worker, by_worker[worker])
    return tuple(found.values())
