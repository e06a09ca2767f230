"""Whether a network costs what its file expects: exact, and so known without building it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mbconv_cli.errors import Mark, Problem
from mbconv_cli.spec.loader import LoadedSpec


@dataclass(frozen=True, slots=True)
class StaleExpectation:
    """A figure under `expect:` that the table does not come to."""

    metric: str
    expected: int
    found: int
    mark: Mark

    @property
    def problem(self) -> Problem:
        """The sentence, with its place."""
        text = f"expect: {self.metric} is {self.expected:,}, but the table comes to {self.found:,}"
        return Problem(f"{text}; correct whichever is wrong", self.mark)


def stale_expectations(loaded: LoadedSpec, params: int, macs: int) -> Iterator[StaleExpectation]:
    """The figures of a file's `expect` that are not those of its Plan, each where it stands.

    Args:
        loaded: the file.
        params: what its Plan comes to.
        macs: likewise, of one image.
    """
    expect = loaded.spec.expect
    if expect is None or expect.params is None or expect.macs is None:
        return
    for metric, expected, found in (("params", expect.params, params), ("macs", expect.macs, macs)):
        if expected != found:
            yield StaleExpectation(metric, expected, found, loaded.where(("expect", metric)))
