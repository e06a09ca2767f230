"""A profile as an icicle: in a stage its blocks, in a block its ops, each as wide as its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mbconv_cli.render.cells import title
from mbconv_cli.render.report_charts import number, shown
from mbconv_cli.report.model import Column, Report, Row

COSTS: Final = ("latency_ms", "macs", "params", "bytes")


@dataclass(frozen=True, slots=True)
class Icicle:
    """A tree, and what its nodes cost.

    Attributes:
        ids: of its nodes, the whole first.
        labels: of the nodes.
        parents: of each node; of the whole nothing.
        costs: what each node costs, by the title of the cost.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    parents: tuple[str, ...]
    costs: Mapping[str, tuple[float, ...]]


def icicle_of(report: Report) -> Icicle | None:
    """That of a profile with layers; None of other reports."""
    section = report.sections.get("layers")
    if report.kind != "profile" or section is None or not all("block" in row for row in section.rows[:1]):
        return None
    keys = [key for key in COSTS if any(number(row, key) for row in section.rows)]
    ids, labels, parents, leaves = _tree(section.rows, shown(report.subject.get("name", "network")))
    costs = {title(Column(key)): _values(section.rows, ids, parents, leaves, key) for key in keys}
    return Icicle(tuple(ids), tuple(labels), tuple(parents), costs) if costs else None


def _tree(rows: Sequence[Row], whole: str) -> tuple[list[str], list[str], list[str], dict[str, int]]:
    """The nodes of the icicle: ids, labels, parents, and which row a leaf is."""
    nodes: dict[str, tuple[str, str]] = {"": (whole, "")}
    leaves: dict[str, int] = {}
    for index, row in enumerate(rows):
        above = ""
        for level in ("stage", "block"):
            if (name := row.get(level)) is not None:
                node = f"{level}:{name}"
                nodes.setdefault(node, (shown(name), above))
                above = node
        node = f"row:{index}"
        nodes[node] = (shown(row["name"]), above)
        leaves[node] = index
    named = {node: node or "all" for node in nodes}
    parents = ["" if not node else named[parent] for node, (_, parent) in nodes.items()]
    return list(named.values()), [label for label, _ in nodes.values()], parents, leaves


def _values(
    rows: Sequence[Row], ids: Sequence[str], parents: Sequence[str], leaves: Mapping[str, int], key: str
) -> tuple[float, ...]:
    """The cost of every node: a leaf's own, any other's the sum of what lies within."""
    values = {node: number(rows[leaves[node]], key) if node in leaves else 0.0 for node in ids}
    for node, parent in reversed(list(zip(ids, parents, strict=True))):
        if parent:
            values[parent] += values[node]
    return tuple(values[node] for node in ids)
