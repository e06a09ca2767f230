"""A chart as data: what is to be drawn, whatever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

Position: TypeAlias = float | str
"""A figure along an axis, or the name of a bar."""


class Drawn(str, Enum):
    """How the points of a series are drawn; bars are horizontal, so that there is room for their names."""

    POINTS = "points"
    LINE = "line"
    STEPS = "steps"
    BARS = "bars"
    WIDE_BARS = "wide bars"


class Tone(str, Enum):
    """What the colour of a series says."""

    PLAIN = "plain"
    QUIET = "quiet"
    BETTER = "better"
    WORSE = "worse"


COLOURS: Final = {Tone.QUIET: "#9aa0a6", Tone.BETTER: "#18794e", Tone.WORSE: "#b42318"}
"""Of all tones but the plain one, which takes the next colour of whatever draws it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it says, with the unit, and whether steps along it are factors."""

    title: str = ""
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together.

    Attributes:
        name: in the legend.
        drawn: how.
        x: along the horizontal axis: of bars, how long they are.
        y: along the vertical axis: of bars, their names.
        half_widths: of each point's interval along the axis of its figure; empty where there are none.
        names: what each point is, shown when a pointer is over it.
        texts: what stands beside each point.
        tone: what its colour says.
    """

    name: str
    drawn: Drawn
    x: tuple[Position, ...]
    y: tuple[Position, ...]
    half_widths: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over common axes.

    Attributes:
        title: above it.
        x: the horizontal axis.
        y: the vertical axis.
        series: in the order of the legend; later ones are drawn over earlier ones.
        level: a value of y that matters, a line across.
        marks: values of x that matter, lines upwards.
        order: of its bars from above; that of the series if empty.
    """

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    level: float | None = None
    marks: tuple[float, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def bars(self) -> tuple[str, ...]:
        """The names of its bars, from above; none where it has no bars."""
        bars = (series.y for series in self.series if series.drawn in {Drawn.BARS, Drawn.WIDE_BARS})
        return self.order or tuple(dict.fromkeys(str(name) for names in bars for name in names))
