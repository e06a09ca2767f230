"""A check's rows for whoever must act: one entry for each cause, the costliest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from typing import Final, TypeAlias

from mbconv_cli.render.cells import TITLES, change_percent
from mbconv_cli.render.checks import Check, is_well
from mbconv_cli.report.model import Cell
from mbconv_cli.report.verdict import Severity, Verdict
from mbconv_cli.units import counted

WARNING: Final = "warning"
"""What a failure is called that only warns."""
MOST_NAMES: Final = 6
MOST_NEWS: Final = 10

_Key: TypeAlias = tuple[Severity, Verdict, Cell, Cell, Cell]


def shown_verdict(check: Check) -> str:
    """The verdict, or that its failure only warns."""
    return WARNING if check.severity is Severity.WARNED else check.verdict.value


@dataclass(frozen=True, slots=True)
class Cause:
    """What did not pass for one reason: one line that is to blame, or else one check alone.

    Attributes:
        checks: the rows, the one of the greatest impact first.
    """

    checks: tuple[Check, ...]

    @property
    def worst(self) -> Check:
        """The row of the greatest impact."""
        return self.checks[0]

    @property
    def verdict(self) -> str:
        """The verdict, or that its failure only warns."""
        return shown_verdict(self.worst)

    @property
    def networks(self) -> list[str]:
        """The names of all networks concerned."""
        return list(dict.fromkeys(check.network for check in self.checks))

    @property
    def metrics(self) -> list[str]:
        """The metrics concerned."""
        return list(dict.fromkeys(check.metric for check in self.checks))

    @property
    def title(self) -> str:
        """Which networks, and which metrics."""
        networks = self.networks
        who = networks[0] if len(networks) == 1 else counted(len(networks), "network")
        return f"{who} {', '.join(self.metrics)}"

    @property
    def what(self) -> str:
        """What was found: of one network each message; of several their names and each metric's greatest change."""
        if len(self.checks) == 1:
            return self.worst.message
        if len(self.networks) == 1:
            return "; ".join(f"{check.metric}: {check.message}" for check in self.checks)
        return "; ".join([_listed(self.networks), *map(self._most, self.metrics)])

    def _most(self, metric: str) -> str:
        """A metric's greatest change, of which network it is, and the limit."""
        worst = next(check for check in self.checks if check.metric == metric)
        change, limit = worst.number("change"), worst.row.get("limit")
        if not change:
            return f"{metric}: {worst.message}"
        return f"{TITLES.get(metric, metric)} {change_percent(change)} in {worst.network}" + (
            f" ({limit})" if limit else ""
        )

    @property
    def sentence(self) -> str:
        """The title, what was found, where, and the next step."""
        place = f" ({self.worst.place})" if self.worst.place else ""
        step = f"; next: {self.next_step}" if self.next_step else ""
        return f"{self.title}: {self.what}{place}{step}" if self.what else f"{self.title}{place}{step}"

    @property
    def rule(self) -> str:
        """The kind of cause: the worst check's metric, as an identifier."""
        return self.worst.metric.replace(" ", "-").replace("_", "-")

    @property
    def fingerprint(self) -> str:
        """The same for the same cause, wherever it moves within its file."""
        known = (self.verdict, self.worst.repository_file, *self.networks, *self.metrics)
        return sha256("\0".join(known).encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def next_step(self) -> str:
        """What to do about the worst of it."""
        return str(self.worst.row.get("next_step") or "")


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1} more"


def causes(found: Iterable[Check]) -> list[Cause]:
    """All that did not pass, by cause: the worst severity first, and within it the greatest change."""
    groups: dict[_Key, list[Check]] = {}
    for check in by_impact(found):
        if not is_well(check):
            groups.setdefault(_key(check), []).append(check)
    return [Cause(tuple(group)) for group in groups.values()]


def by_impact(found: Iterable[Check]) -> list[Check]:
    """Checks with the worst severity first, and within one severity the greatest increase."""
    return sorted(found, key=lambda check: (_ORDER[check.severity], -_impact(check)))


def improved(found: Iterable[Check]) -> list[Check]:
    """What costs less than it did, the greatest decrease first; of a latency, where its whole interval is below."""
    better = (check for check in found if (_change(check) or 0) < 0 and (check.number("ratio_high") or 0) < 1)
    return sorted(better, key=lambda check: _change(check) or 0)


def news(found: Iterable[Check]) -> str:
    """Which networks were added, removed, renamed or repaired, where that is no failure; the first ten by name."""
    texts = [f"{check.network} {check.message}" for check in found if is_well(check) and _is_of_network(check)]
    more = f"; and {len(texts) - MOST_NEWS} more" if len(texts) > MOST_NEWS else ""
    return "; ".join(texts[:MOST_NEWS]) + more


def has_changed(check: Check) -> bool:
    """Whether a row has anything new: another figure, one without a base, or a network that is new, renamed or gone."""
    change = _change(check)
    if change is not None or check.severity is Severity.OFF:
        return bool(change)
    return _is_of_network(check) or check.number("head") is not None


def _is_of_network(check: Check) -> bool:
    """Whether a row is about the network itself and not about a figure of it."""
    return not check.row.get("unit") and check.severity is not Severity.OFF


_ORDER: Final = {one: place for place, one in enumerate(Severity)}


def _key(check: Check) -> _Key:
    """What rows of one cause have in common; a row whose place has no line is a cause of its own."""
    row = check.row
    place = (row.get("file"), row.get("line"), row.get("column"))
    if row.get("line") is None:
        return check.severity, check.verdict, check.network, check.metric, id(row)
    kind = check.verdict if check.number("head") is None else Verdict.FAIL
    return check.severity, kind, *place


def _impact(check: Check) -> float:
    change = _change(check)
    return inf if change is None else change


def _change(check: Check) -> float | None:
    return check.number("change")


def names_of(found: Sequence[Cause]) -> list[str]:
    """The networks of some causes, each with its greatest change."""
    worst: dict[str, Check] = {}
    for check in by_impact(check for cause in found for check in cause.checks):
        worst.setdefault(check.network, check)
    changes = {name: check.number("change") for name, check in worst.items()}
    return [name if change is None else f"{name} {change_percent(change)}" for name, change in changes.items()]
