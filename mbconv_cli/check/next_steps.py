"""What to do about a check that failed, and the command that shows details."""

from __future__ import annotations

import math
import shlex

from mbconv_cli.check.config import AnyRule, LoadedConfig
from mbconv_cli.check.selection import ReadNetwork
from mbconv_cli.check.sides import Sides
from mbconv_cli.errors import Mark
from mbconv_cli.report.baseline import StoredNetwork


def next_step(
    config: LoadedConfig, one: Sides, metric: str, rule: AnyRule, head: float | None, ratio: float | None = None
) -> str:
    """How to see the cause of a failure, and how to let a wanted one pass.

    Args:
        config: where increases are accepted.
        one: the network.
        metric: the key of what failed.
        rule: what it may come to.
        head: what it came to.
        ratio: to the base, where that was measured.
    """
    if rule.max is not None and head is not None and head > rule.max.value:
        return _joined(_details(one), f"a higher budget is set in {budget_mark(config, one, metric)}")
    if isinstance(one.base, StoredNetwork):
        return "a wanted increase is accepted by `mbconv baseline write`"
    value = f"{head:.0f}" if ratio is None and head is not None else f"{max(1, math.ceil(100 * ((ratio or 1) - 1)))}%"
    wanted = f"{{network: {one.key}, metric: {metric}, value: {value}, reason: ...}}"
    return _joined(_details(one), f"a wanted increase is accepted by {wanted} under `accept` in {config.path}")


def budget_mark(config: LoadedConfig, one: Sides, metric: str) -> Mark:
    """The line of the config that gives a metric's budget for a network."""
    return config.document.mark(config.stated((metric, "max"), *one.names) or ("metrics",))


def _details(one: Sides) -> str:
    """The command that shows which layers differ, where both files can be named."""
    if not isinstance(one.base, ReadNetwork) or one.base is one.head:
        return ""
    base = one.base.loaded.document.mark(()).file
    return f"`mbconv diff {shlex.quote(base)} {shlex.quote(one.file)}` shows the layers"


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
