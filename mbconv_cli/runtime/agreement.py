"""Whether two ways to compute the same network give the same outputs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two outputs of the same network are apart.

    Attributes:
        what: which form was compared with which.
        deviation: the largest difference of two elements, as a share of the largest element.
        tolerance: what it may be.
    """

    what: str
    deviation: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether they are near enough; outputs that are no numbers never are."""
        return self.deviation <= self.tolerance

    @property
    def sentence(self) -> str:
        """What a reader is told of it."""
        verdict = "equal to" if self.holds else "not equal:"
        return f"{self.what}: outputs are {verdict} a relative {self.deviation:.1e} (at most {self.tolerance:.0e})"


def compare_outputs(what: str, output: Tensor, reference: Tensor, tolerance: float) -> Agreement:
    """Compare two outputs of equal shape, in float32."""
    difference = (output.float() - reference.float()).abs().max()
    return Agreement(what, float(difference / reference.float().abs().max()), tolerance)
