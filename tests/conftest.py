"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands keep for the next time stays out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)  # a pipe has no width, whatever the terminal that runs the tests
        patch.setenv("MBCONV_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
