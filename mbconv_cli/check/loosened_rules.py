"""Rules that are looser than they were: a row for each, on the line of the config that holds now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mbconv_cli.check.config import AnyRule, LoadedConfig
from mbconv_cli.check.row import Check, limit_text
from mbconv_cli.check.sides import Sides
from mbconv_cli.errors import Mark
from mbconv_cli.report.verdict import Level, Verdict
from mbconv_cli.yaml.yaml_text import Path

_STRICTEST_FIRST: Final = (Level.ERROR, Level.WARN, Level.OFF)
_SETTINGS: Final = {"missing": ("fail", "allow"), "rules": ("frozen", "open")}
"""Settings that loosen the gate, with their values from strict to loose."""
_POLICIES: Final = ("fail", "warn", "allow")
MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Loosened:
    """One rule that became looser: of which metric, how, and where it stands now."""

    metric: str
    change: str
    mark: Mark


def loosened_rules(present: LoadedConfig, former: LoadedConfig, sides: Iterable[Sides], against: str) -> list[Check]:
    """A row for each rule that is looser than it was; of several networks, where the same line loosens it for all.

    It warns, and fails under `rules: frozen`, which holds as the base has it, too.

    Args:
        present: the config.
        former: as it was.
        sides: the networks that either config selects.
        against: what the base is called.
    """
    networks: dict[Loosened, list[str]] = {}
    checked = [one for one in sides if one.is_checked]
    for one in checked:
        for found in _of_network(present, former, one):
            networks.setdefault(found, []).append(one.label)
    frozen = "frozen" in {present.config.rules, former.config.rules}
    level = Level.ERROR if frozen else Level.WARN
    why = f" (as of {against}); `rules: frozen` forbids it" if frozen else f" (as of {against})"
    rows = [(found, _names(labels, len(checked))) for found, labels in networks.items()]
    rows += [(found, str(present.path)) for found in _of_settings(present, former)]
    return [
        Check(name, f"{found.metric} rule", Verdict.FAIL, found.change + why, level, mark=found.mark)
        for found, name in rows
    ]


def _names(labels: list[str], of: int) -> str:
    if len(labels) == of > 1:
        return f"all {of} networks"
    more = f" and {len(labels) - MOST_NAMES} more" if len(labels) > MOST_NAMES else ""
    return ", ".join(labels[:MOST_NAMES]) + more


def _of_network(present: LoadedConfig, former: LoadedConfig, one: Sides) -> Iterator[Loosened]:
    now = present.config.rules_of(*one.names)
    for metric, then in former.config.rules_of(*one.former_names).items():
        for key, change in _looser(then, now.get(metric)):
            yield Loosened(metric, change, _mark(present, former, one, (metric, key)))


def _looser(then: AnyRule, now: AnyRule | None) -> Iterator[tuple[str, str]]:
    """The keys of a rule that are looser, and how; nothing where nothing was checked before."""
    if then.level is Level.OFF or not limit_text(then, compared=True):
        return
    if now is None or now.level is Level.OFF:
        yield "level", f"no longer checked; it was {limit_text(then, compared=True)}"
        return
    for key in ("max", "max_increase"):
        before, after = getattr(then, key), getattr(now, key)
        if before is not None and (after is None or after.value > before.value):
            yield key, f"{key} was {before} and is {'gone' if after is None else after}"
    if _STRICTEST_FIRST.index(now.level) > _STRICTEST_FIRST.index(then.level):
        yield "level", f"level was {then.level.value} and is {now.level.value}"


def _mark(present: LoadedConfig, former: LoadedConfig, one: Sides, path: Path) -> Mark:
    """The last line that states this of the network's rule now, or else what is nearest to where it was."""
    stated = present.stated(path, *one.names) or former.stated(path, *one.former_names) or ("metrics",)
    return present.document.mark(stated)


def _of_settings(present: LoadedConfig, former: LoadedConfig) -> Iterator[Loosened]:
    """Settings of the whole config that are looser."""
    for key, strictest_first in _SETTINGS.items():
        then, now = getattr(former.config, key), getattr(present.config, key)
        if strictest_first.index(now) > strictest_first.index(then):
            yield Loosened(key, f"{key} was {then} and is {now}", present.document.mark((key,)))
    for key in ("added", "removed"):
        given = getattr(former.config, key) or getattr(present.config, key)
        before, after = (getattr(one.config, f"{key}_policy") for one in (former, present))
        if given and _POLICIES.index(after) > _POLICIES.index(before):
            yield Loosened(key, f"{key} was {before} and is {after}", present.document.mark((key,)))
    then, now = former.config.latency.margin, present.config.latency.margin
    if now.value > then.value:
        mark = present.document.mark(("latency", "margin"))
        yield Loosened("latency margin", f"margin was {then} and is {now}", mark)
