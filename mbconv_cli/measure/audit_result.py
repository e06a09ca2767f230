"""What comes of comparing the closed forms with another counter. Needs neither torch nor fvcore."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An op (or what runs outside of every op) that the two counts see differently, in MAC."""

    op: str
    closed_form: int
    counted: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of comparing two counts.

    Attributes:
        ops: how many ops were compared.
        macs: the counter's count of the whole, in MAC.
        params: parameters of the built module.
        disagreements: ops with different MACs, in running order.
        unknown: ops that are in none of the tables, with how often each was met.
        expected_params: parameters in closed form.
        counter: what counted besides the closed forms.
        subject: what it counted: one image, or a whole pass.
    """

    ops: int
    macs: int
    params: int
    expected_params: int
    disagreements: tuple[Disagreement, ...]
    unknown: tuple[tuple[str, int], ...]
    counter: str = "fvcore"
    subject: str = "an image"

    @property
    def agrees(self) -> bool:
        """Whether nothing at all differs."""
        return not self.disagreements and not self.unknown and self.params == self.expected_params


def differences(found: Audit) -> list[str]:
    """What differs, one sentence each."""
    sentences = [
        f"{d.op}: {d.closed_form:,} MAC in closed form, {d.counted:,} by {found.counter}" for d in found.disagreements
    ]
    sentences += [f"{name}: met {count} times, and in no table of what counts" for name, count in found.unknown]
    if found.params != found.expected_params:
        sentences.append(f"params: {found.expected_params:,} in closed form, {found.params:,} in the module")
    return sentences


def failures(found: Audit) -> list[str]:
    """What to end with where a run must not go on: that the counts differ, and in what."""
    heading = f"audit: {found.counter}'s count of the built module is not that of the closed forms"
    return [heading, *(f"  {sentence}" for sentence in differences(found))]
