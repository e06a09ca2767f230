"""Two sessions of onnxruntime on one exported network: a plain one, and one that writes a profile of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime

from mbconv_cli.pytorch.onnx.node_times import Node, read_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mbconv_cli.measure.latency import Stamp

PROVIDER: Final = "CPUExecutionProvider"
VERSION: Final[str] = onnxruntime.__version__
_ERRORS_ONLY: Final = 3
_INTEGERS: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}


class PlainSession:
    """A session without a profile.

    Args:
        model: a serialized ONNX network.
        threads: of the session's pool.
        inputs: by position; random numbers, and zeros for integers, if absent.
    """

    def __init__(self, model: bytes, threads: int, inputs: Sequence[NDArray[Any]] | None = None) -> None:
        self._session = _session(model, threads)
        self._feed = _random_feed(self._session) if inputs is None else _feed(self._session, inputs)

    def run(self, _: Stamp | None = None) -> NDArray[Any]:
        """One pass; what the network gives first."""
        found: NDArray[Any] = self._session.run(None, self._feed)[0]
        return found


class Sessions:
    """A plain and a profiled session that take the same inputs.

    Args:
        model: a serialized ONNX network.
        inputs: by position.
        threads: of each session's pool.
        folder: where the profile may lie.
    """

    def __init__(self, model: bytes, inputs: Sequence[NDArray[Any]], threads: int, folder: Path) -> None:
        self._plain = _session(model, threads)
        self._profiled = _session(model, threads, profile=folder / "profile")
        self._feed = _feed(self._plain, inputs)

    def output(self) -> NDArray[Any]:
        """What the network gives first."""
        found: NDArray[Any] = self._plain.run(None, self._feed)[0]
        return found

    def run(self, stamp: Stamp | None) -> object:
        """One pass: of the plain session, or of the profiled one with a stamp at its end."""
        if stamp is None:
            return self._plain.run(None, self._feed)
        output = self._profiled.run(None, self._feed)
        stamp()
        return output

    def profile(self) -> list[tuple[Node, ...]]:
        """The nodes of every profiled pass so far; nothing is profiled afterwards."""
        return read_profile(Path(self._profiled.end_profiling()).read_text(encoding="utf-8"))


@contextmanager
def open_sessions(model: bytes, inputs: Sequence[NDArray[Any]], threads: int) -> Iterator[Sessions]:
    """The sessions, with a folder for the profile that is gone afterwards."""
    with TemporaryDirectory(prefix="mbconv-") as folder:
        yield Sessions(model, inputs, threads, Path(folder))


def _feed(session: Any, inputs: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {taken.name: given for taken, given in zip(session.get_inputs(), inputs, strict=True)}


def _random_feed(session: Any) -> dict[str, NDArray[Any]]:
    """Numbers of the shapes that the network states: its export has fixed them."""
    random = np.random.default_rng(0)

    def one(taken: Any) -> NDArray[Any]:
        if taken.type == "tensor(float)":
            return np.asarray(random.standard_normal(taken.shape), np.float32)
        return np.zeros(taken.shape, _INTEGERS[taken.type])

    return {taken.name: one(taken) for taken in session.get_inputs()}


def _session(model: bytes, threads: int, profile: Path | None = None) -> Any:
    """As one would deploy it: all optimizations of the graph, one node after the other.

    But threads do not spin once a run is over: they would take the cores from the other session's run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    return onnxruntime.InferenceSession(model, options, providers=[PROVIDER])
