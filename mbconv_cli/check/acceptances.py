"""Which entries of `accept:` hold, and a row for each that does not, or that nothing needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.former_config import FormerConfig
from mbconv_cli.check.row import ACCEPT, Check
from mbconv_cli.errors import Mark
from mbconv_cli.report.verdict import Level, Verdict


@dataclass(frozen=True, slots=True)
class Acceptances:
    """The entries that hold, and those that the base's config has, too."""

    holding: tuple[Acceptance, ...] = ()
    expired: tuple[Acceptance, ...] = ()

    def of(self, metric: str, *names: str) -> Acceptance | None:
        """The one for a metric of a network that has these names; the last of several."""
        return next((one for one in reversed(self.holding) if one.is_for(metric, *names)), None)


NOTHING_ACCEPTED: Final = Acceptances()


def acceptances(config: LoadedConfig, former: FormerConfig) -> Acceptances:
    """The entries of a config, parted by whether the config as of the base has the same one."""
    known = former.config.accept if isinstance(former, LoadedConfig) else ()
    then = {(one.network, one.metric, one.value) for one in known}
    new = tuple(one for one in config.config.accept if (one.network, one.metric, one.value) not in then)
    return Acceptances(new, tuple(one for one in config.config.accept if one not in new))


def unused_rows(config: LoadedConfig, found: Acceptances, checks: Iterable[Check]) -> Iterator[Check]:
    """A warning on the line of each entry without effect."""
    used = [check.accepted for check in checks if check.accepted]
    for index, one in enumerate(config.config.accept):
        if one in found.expired:
            why = "expired: the base has this entry, and so the figure"
        elif one not in used:
            why = "not needed: nothing that it accepts would fail"
        else:
            continue
        mark: Mark = config.document.mark(("accept", index))
        step = "take it out of `accept`"
        name = f"{one.network} {one.metric}"
        yield Check(name, ACCEPT, Verdict.MISSING, why, Level.WARN, mark=mark, next_step=step)
