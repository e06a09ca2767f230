"""Why do other tools print other numbers? The difference to each tool's figure, explained to the last unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.tool_conventions import TOOLS, Difference, Form, differences
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.plan.ops import Op
from mbconv_cli.report.model import Cell, Column, Kind, Report, Row, Section
from mbconv_cli.units import COUNT

if TYPE_CHECKING:
    from mbconv_cli.pytorch.peers.counted import CountedModule

DIFFERENCES: Final = (Column("tool"), Column("item"), Column("count", COUNT, Kind.EXACT), Column("unit"))
FIGURES: Final = (
    Column("tool"),
    Column("version"),
    Column("figure", COUNT, Kind.EXACT),
    Column("unit"),
    Column("unexplained", COUNT, Kind.EXACT),
)


@dataclass(frozen=True, slots=True)
class Account:
    """A tool's figure, and what it consists of.

    Attributes:
        tool: its name.
        version: the installed one, or why there is none.
        counted: whether it could be asked.
        macs: what the MACs of this project count there.
        differences: what it adds.
        figure: what it prints.
    """

    tool: str
    version: str
    counted: bool = False
    macs: int = 0
    differences: Sequence[Difference] = ()
    figure: int = 0

    @property
    def unexplained(self) -> int:
        """What is left over."""
        return self.figure - self.macs - sum(count for _, count in self.differences)


def conventions(network: OpenNetwork, *, peer: bool, progress: Callable[[int], None]) -> Report:
    """A network as each tool counts it, one row for each thing that it adds to the MACs of this project.

    Tools go by the classes and functions that they know, so their figures are those of one module: torchvision's or
    timm's, where the network has such a peer and the library is installed, and the one built here otherwise.

    Args:
        network: whose module to count.
        peer: whether to count the peer.
        progress: called with the number of tools that are done.

    Raises:
        InputError: the network names a peer that there is not, or the machine has too little memory.
    """
    from mbconv_cli.pytorch.peers.counted import counted_module

    module = counted_module(network.plan, network.spec.expect.peer if peer and network.spec.expect else None)
    macs = total(plan_costs(network.plan)).macs
    computed = tuple(zip(network.plan.ops, module.forms, strict=True))
    accounts = []
    for done, name in enumerate(TOOLS, start=1):
        accounts.append(_account(name, module, macs, computed))
        progress(done)
    return Report(
        "conventions",
        provenance(network, host_fingerprint()),
        {"name": network.plan.name, "input_shape": (1, *network.plan.input_shape), "counted": module.title},
        {"macs": macs},
        {
            "differences": Section(DIFFERENCES, tuple(row for account in accounts for row in _rows(account))),
            "figures": Section(FIGURES, tuple(_figure(account) for account in accounts)),
        },
        (*module.notes, *_notes(accounts)),
    )


def _account(name: str, module: CountedModule, macs: int, computed: Sequence[tuple[Op, Form | None]]) -> Account:
    from mbconv_cli.pytorch.peers.peer_modules import PeerAbsentError

    tool = TOOLS[name]
    try:
        counted = module.count(name)
    except PeerAbsentError as absent:
        return Account(name, str(absent))
    return Account(name, counted.version, True, tool.per_mac * macs, differences(tool, computed), counted.figure)


def _rows(account: Account) -> Iterator[Row]:
    unit = TOOLS[account.tool].unit
    if not account.counted:
        return
    items = [
        (f"the MACs of this project{', 2 FLOPs each' if TOOLS[account.tool].per_mac > 1 else ''}", account.macs),
        *account.differences,
        (f"figure of {account.tool}", account.figure),
        ("unexplained", account.unexplained),
    ]
    for item, count in items:
        yield {"tool": account.tool, "item": item, "count": count, "unit": unit}


def _figure(account: Account) -> Row:
    if not account.counted:
        return {"tool": account.tool, "version": account.version}
    cells: dict[str, Cell] = {
        "tool": account.tool,
        "version": account.version,
        "figure": account.figure,
        "unit": TOOLS[account.tool].unit,
        "unexplained": account.unexplained,
    }
    return cells


def _notes(accounts: Sequence[Account]) -> list[str]:
    return [
        f"warning: {account.unexplained:,} of {account.tool}'s figure are unexplained"
        for account in accounts
        if account.counted and account.unexplained
    ]
