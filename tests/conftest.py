"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same few examples in every run; `pytest --hypothesis-profile=thorough` draws many new ones.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True, database=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile("quick")

# Read when torch is imported. Tests run side by side, a process for each core; with as many threads in
# each process they wait for each other and take four times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A background job of a shell ignores Ctrl-C, and so would all programs that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Collect no garbage while tests are collected: all of it stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later garbage collection; the instrument forces one for each measurement.

    Thousands of tests stay in memory as long as the session, and looking through them takes longer than most tests.
    """
    gc.freeze()
    gc.set_threshold(20_000, 5, 2)  # the young seldom; all often enough to keep no exported program for long
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands keep for the next time stays out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)  # a pipe has no width, whatever the terminal that runs the tests
        patch.setenv("MBCONV_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
