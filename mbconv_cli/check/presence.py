"""Networks that only one side has: added, removed, renamed, repaired; and those that nothing can be compared with."""

from __future__ import annotations

from typing import Final, assert_never

from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.check.config import CheckConfig, Policy
from mbconv_cli.check.row import SPEC, Check
from mbconv_cli.check.sides import Absence, Absent, Against, Sides, StoredBaseline, name_of
from mbconv_cli.errors import Mark
from mbconv_cli.report.verdict import Level, Verdict

_LEVELS: Final = {"fail": Level.ERROR, "warn": Level.WARN, "allow": Level.ERROR}
"""How much a row weighs; what is allowed passes."""


def removed_row(
    one: Sides, absent: Absent, config: CheckConfig, against: Against | None, accepted: Acceptance | None
) -> Check:
    """A network that is there no more, or that the config no longer selects."""
    if accepted and absent.kind is Absence.GONE:
        message = f"removed; {accepted.text}"
        return Check(one.label, SPEC, Verdict.PASS, message, file=one.file, accepted=accepted)
    if not one.has_base or against is None:
        policy: Policy = config.missing
        return _row(one, policy, absent.reason, one.mark, "write the file, or take its entry out of `networks`")
    if absent.kind is Absence.DESELECTED:
        what = f"{absent.reason}; {name_of(against)} is compared with it"
        return _row(one, config.removed_policy, what, one.mark, "select it again under `networks`")
    if one.left_config:
        return _row(one, "allow", "removed, and its entry in `networks` too", one.mark, "")
    what = f"removed: {name_of(against)} has it; {absent.reason}"
    if isinstance(against, StoredBaseline):
        return _row(one, config.removed_policy, what, one.mark, "put it back, or drop it with `mbconv baseline write`")
    return _row(one, config.removed_policy, what, one.mark, f"put it back, or {_accept(one)}")


def baseless_row(one: Sides, absent: Absent, config: CheckConfig, against: Against, *, adopting: bool) -> Check:
    """A network of which the base has nothing to compare with.

    Args:
        one: the network.
        absent: why.
        config: the policies.
        against: what it would be compared with.
        adopting: whether the base has no config, so that no policy was in force there.
    """
    match absent.kind:
        case Absence.BROKEN:
            return _row(one, "allow", f"repaired: {absent.reason}", None, "")
        case Absence.OUTSIDE:
            return _row(one, config.missing, absent.reason, one.mark, "--baseline FILE compares it with stored figures")
        case Absence.NEW | Absence.GONE | Absence.DESELECTED:
            policy = "allow" if adopting else _added_policy(config, against)
            wants_writing = isinstance(against, StoredBaseline)
            step = "`mbconv baseline write` adds it" if wants_writing else "leave it out, or set `added: allow`"
            return _row(one, policy, f"added: {absent.reason}", Mark(one.file, 1, 1), step)
        case _:
            assert_never(absent.kind)


def renamed_row(one: Sides) -> Check:
    """A network that is computed as one that is gone, under another name."""
    return Check(one.label, SPEC, Verdict.PASS, f"renamed from {one.former_key}", file=one.file)


def _added_policy(config: CheckConfig, against: Against) -> Policy:
    """What a stored baseline lacks is never compared until it is written, so it warns unless the config decides."""
    undecided = config.added is None and "missing" not in config.model_fields_set
    return "warn" if undecided and isinstance(against, StoredBaseline) else config.added_policy


def _row(one: Sides, policy: Policy, message: str, mark: Mark | None, step: str) -> Check:
    if policy == "allow":
        return Check(one.label, SPEC, Verdict.PASS, message, file=one.file)
    return Check(one.label, SPEC, Verdict.MISSING, message, _LEVELS[policy], mark=mark, file=one.file, next_step=step)


def _accept(one: Sides) -> str:
    return f"add {{network: {one.key}, metric: removed, reason: ...}} to `accept` in the config"
