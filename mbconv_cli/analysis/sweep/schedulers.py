"""Who evaluates a sweep's chunks: this process, the cores of this machine, or the workers of a dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from mbconv_cli.analysis.sweep.cluster import cluster_machines, connected
from mbconv_cli.analysis.sweep.evaluation import Chunk, SweepJob, evaluate_chunk

CHUNK: Final = 500
_WAITING_PER_WORKER: Final = 3


def chunks_on_cores(job: SweepJob, first: int, jobs: int) -> Iterator[Chunk]:
    """The chunks from a position on, in order, evaluated by so many processes of this machine."""
    starts = range(first, job.positions, CHUNK)
    if jobs == 1 or len(starts) == 1:
        yield from (evaluate_chunk(job, start, start + CHUNK) for start in starts)
        return
    from joblib import Parallel, delayed

    run = Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch=f"{_WAITING_PER_WORKER} * n_jobs")
    yield from run(delayed(evaluate_chunk)(job, start, start + CHUNK) for start in starts)


def chunks_on_cluster(job: SweepJob, first: int, address: str) -> Iterator[Chunk]:
    """The chunks from a position on, in order, evaluated by the workers of a dask scheduler.

    Raises:
        InputError: dask is not installed, or no scheduler answers, or its workers cannot evaluate.
    """
    with connected(address) as client:
        cluster_machines(client, address)
        shared = client.scatter(job, broadcast=True)
        waiting: deque[Any] = deque()
        for start in range(first, job.positions, CHUNK):
            waiting.append(client.submit(evaluate_chunk, shared, start, start + CHUNK, pure=False))
            while len(waiting) >= _WAITING_PER_WORKER * max(1, len(client.scheduler_info(n_workers=-1)["workers"])):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
