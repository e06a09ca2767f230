"""Are a network's figures right? Four counts and one forward pass that share as little as possible."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.audit_result import differences
from mbconv_cli.report.model import Cell, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.units import MAC, PARAM, SECOND, counted

TOLERANCE: Final = 1e-4
AGREES: Final = "agrees"
DIFFERS: Final = "differs"
NOT_GIVEN: Final = "none"
NOT_RUN: Final = "not run"
PEER_KEYS: Final = ("peer_count", "peer_params", "peer_macs")
FORWARD_KEYS: Final = ("forward", "forward_difference")

COLUMNS: Final = (
    Column("name"),
    Column("params", PARAM, Kind.EXACT),
    Column("macs", MAC, Kind.EXACT),
    Column("expect"),
    Column("fvcore"),
    Column("peer", priority=Priority.EXTRA),
    Column("peer_count"),
    Column("peer_params", PARAM, Kind.EXACT, priority=Priority.EXTRA),
    Column("peer_macs", MAC, Kind.EXACT, priority=Priority.EXTRA),
    Column("forward"),
    Column("forward_difference", kind=Kind.MEASURED, priority=Priority.EXTRA),
    Column("seconds", SECOND, Kind.MEASURED, priority=Priority.EXTRA),
    Column("verdict", kind=Kind.EXACT),
)


@dataclass(frozen=True, slots=True)
class Checks:
    """What to compare with besides the spec's `expect` and fvcore.

    Attributes:
        peer: the network's peer in torchvision or timm, where that is installed.
        numerics: the outputs of a forward pass, too.
    """

    peer: bool = True
    numerics: bool = True


@dataclass(frozen=True, slots=True)
class Verification:
    """The report, and a sentence for everything that does not agree."""

    report: Report
    problems: tuple[str, ...]
    interrupted: bool = False


@dataclass(slots=True)
class _Findings:
    """The row of a network in the making, and its problems."""

    name: str
    cells: dict[str, Cell] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, key: str, *problems: str) -> None:
        """A check's outcome: it agrees if there is no problem."""
        self.cells[key] = DIFFERS if problems else AGREES
        self.problems += [f"{self.name}: {key.replace('_', ' ')}: {problem}" for problem in problems]


def verify(networks: Sequence[OpenNetwork], checks: Checks, progress: Callable[[int], None]) -> Verification:
    """Check networks, one row each.

    Closed forms are held against the spec's `expect`, fvcore's count of the built module, and, where it is
    installed, another library's module: its params, its MACs layer by layer in the order of execution, and the
    output of a forward pass with its weights copied.

    Args:
        networks: what to check.
        checks: what to compare with.
        progress: called with the number of networks that are done.

    An interruption (Ctrl-C) ends it early: what was verified until then is reported, and what was not is a note.
    """
    rows: list[Row] = []
    problems: list[str] = []
    try:
        for done, network in enumerate(networks, start=1):
            start = time.perf_counter()
            findings = _check(network, checks)
            verdict = DIFFERS if findings.problems else AGREES
            rows.append(findings.cells | {"verdict": verdict, "seconds": time.perf_counter() - start})
            problems += findings.problems
            progress(done)
    except KeyboardInterrupt:
        if not rows:
            raise
    rest = len(networks) - len(rows)
    report = Report(
        "verify",
        provenance(machine=host_fingerprint(), peer=checks.peer, numerics=checks.numerics, tolerance=TOLERANCE),
        {},
        {"networks": len(rows)},
        {"networks": Section(_columns(checks), tuple(rows))},
        (*([f"warning: interrupted; {counted(rest, 'network')} not verified"] if rest else []), *_notes(rows, checks)),
    )
    return Verification(report, tuple(problems), interrupted=rest > 0)


def _check(network: OpenNetwork, checks: Checks) -> _Findings:
    costs = plan_costs(network.plan)
    cost = total(costs)
    findings = _Findings(network.plan.name, {"name": network.plan.name, "params": cost.params, "macs": cost.macs})
    _check_expect(network, cost, findings)
    _check_fvcore(network, costs, findings)
    peer = network.spec.expect.peer if network.spec.expect else None
    findings.cells["peer"] = peer or NOT_GIVEN
    if peer and checks.peer:
        _check_peer(network, peer, checks, cost, findings)
    return findings


def _check_expect(network: OpenNetwork, cost: Cost, findings: _Findings) -> None:
    expect = network.spec.expect
    if expect is None or expect.params is None or expect.macs is None:
        findings.cells["expect"] = NOT_GIVEN
        return
    findings.note("expect", *_unequal(expect.params, expect.macs, cost))


def _check_fvcore(network: OpenNetwork, costs: Sequence[Cost], findings: _Findings) -> None:
    from mbconv_cli.pytorch.audit import audit_plan

    findings.note("fvcore", *differences(audit_plan(network.plan, costs))[:1])


def _check_peer(network: OpenNetwork, peer: str, checks: Checks, cost: Cost, findings: _Findings) -> None:
    from mbconv_cli.pytorch.peers.peer_counts import count_peer
    from mbconv_cli.pytorch.peers.peer_modules import PeerAbsentError

    try:
        count = count_peer(network.plan, peer)
    except PeerAbsentError as absent:
        findings.cells["peer_count"] = str(absent)
        return
    except InputError as refusal:  # no such network there, or one that cannot take such an image
        findings.note("peer_count", *refusal.sentences)
        return
    findings.cells |= {"peer_params": count.params, "peer_macs": count.macs}
    if count.first_difference:
        findings.note("peer_count", count.first_difference)
        findings.cells["forward"] = NOT_RUN
        return
    findings.note("peer_count", *_unequal(count.params, count.macs, cost))
    if checks.numerics:
        _check_forward(network, peer, findings)


def _check_forward(network: OpenNetwork, peer: str, findings: _Findings) -> None:
    from mbconv_cli.pytorch.peers.peer_forward import compare_forward
    from mbconv_cli.pytorch.weights import WeightMismatchError

    try:
        forward = compare_forward(network.plan, peer, TOLERANCE)
    except WeightMismatchError as mismatch:
        findings.note("forward", *mismatch.sentences)
        return
    findings.cells["forward_difference"] = forward.difference if math.isfinite(forward.difference) else None
    if forward.difference <= TOLERANCE:
        findings.note("forward")
        return
    reason = f" ({forward.reason})" if forward.reason else ""
    where = f", first at {forward.first_op}{reason}" if forward.first_op else ""
    findings.note("forward", f"the output differs from {peer}'s by {forward.difference:.1e}{where}")


def _unequal(params: int, macs: int, cost: Cost) -> list[str]:
    """What is not equal, both of it."""
    figures = (("params", params, cost.params), ("MACs", macs, cost.macs))
    return [f"{theirs:,} {what}, {ours:,} in closed form" for what, theirs, ours in figures if theirs != ours]


def _columns(checks: Checks) -> tuple[Column, ...]:
    peer_keys = () if checks.peer else PEER_KEYS
    forward_keys = () if checks.peer and checks.numerics else FORWARD_KEYS
    return tuple(column for column in COLUMNS if column.key not in (*peer_keys, *forward_keys))


def _notes(rows: Sequence[Row], checks: Checks) -> tuple[str, ...]:
    agreeing = sum(row["verdict"] == AGREES for row in rows)
    notes = [
        f"{agreeing} of {len(rows)} agree: closed forms, `expect` of the spec, fvcore op by op"
        + (", the peer layer by layer in the order of execution" if checks.peer else "")
    ]
    if checks.peer and checks.numerics:
        notes.append(
            "forward difference: the largest |ours - theirs| over the largest |theirs| of one image's output, float32 "
            f"on the CPU, with the peer's weights and statistics copied; up to {TOLERANCE:g} agrees"
        )
    compared = {AGREES, DIFFERS}
    unchecked = [row for row in rows if row.get("peer_count", AGREES) not in compared]
    if unchecked:
        notes.append(
            f"warning: {len(unchecked)} not compared with their peer, which is not there; "
            "`pip install 'mbconv-cli[peers]'` brings it"
        )
    return tuple(notes)
