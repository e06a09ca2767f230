"""`accept:` of a config: an increase or a removal that is wanted, in the change that makes it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from mbconv_cli.check.metrics import TIMED, unit_of
from mbconv_cli.quantities import BYTE_UNITS, COUNT_UNITS, Limit, parse_quantity, parse_share
from mbconv_cli.spec.values import Frozen, Text
from mbconv_cli.units import BYTE

REMOVED: Final = "removed"


class Acceptance(Frozen):
    """One of its entries. It ends when the base has it: the base then has the figure, too."""

    network: Text = Field(description="a name, a path, or a pattern of either, as in overrides")
    metric: Literal["params", "macs", "flops", "bytes", "peak_bytes", "latency_ms", "launched_ms", "removed"] = Field(
        description="whose increase is accepted; or removed: the network may be gone"
    )
    value: str | int | float | None = Field(
        None, description="the most that is accepted: a figure such as 5.4M; of what is measured an increase such as 8%"
    )
    reason: Text = Field(description="why, for the report")

    @model_validator(mode="after")
    def _value_fits_metric(self) -> Self:
        if (self.value is None) != (self.metric == REMOVED):
            raise ValueError("every metric needs a value, and `metric: removed` has none")
        _ = self.limit
        return self

    @property
    def limit(self) -> Limit | None:
        """The value, exact.

        Raises:
            ValueError: it is no quantity of its metric.
        """
        if self.metric == REMOVED:
            return None
        if self.metric in TIMED:
            return parse_share(self.value)
        if unit_of(self.metric) == BYTE:
            return parse_quantity(self.value, BYTE_UNITS, "20 MiB")
        return parse_quantity(self.value, COUNT_UNITS, "5.3M")

    @property
    def text(self) -> str:
        """What is accepted, and why."""
        what = "the removal" if self.value is None else f"up to {self.value}"
        return f"{what} is accepted: {self.reason}"

    def is_for(self, metric: str, *names: str) -> bool:
        """Whether it is for this metric of a network that has these names."""
        return metric == self.metric and any(fnmatchcase(name, self.network) for name in names)
