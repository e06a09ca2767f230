"""Blocks that are not like those around them: the table says so in a row of its own, and it may be a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from mbconv_cli.plan.ops import Plan
from mbconv_cli.recognition.found_block import FoundBlock
from mbconv_cli.recognition.row_settings import FoundRow

NOT_COMPARED = ("shortcut_norm", "padding")
MOST_ODD = 2
"""More blocks than these that differ from their neighbours are a pattern, such as groups in every other block."""


def odd_blocks(plan: Plan, rows: Sequence[FoundRow]) -> list[str]:
    """A sentence for each block that alone of its stage, or of all with equal shapes, is not like the others."""
    between = dict(_between_equals(plan, rows))
    sentences = list(between.values()) if len(between) <= MOST_ODD else []
    return sentences + [text for where, text in _without_sum(plan, rows) if where not in between]


def _between_equals(plan: Plan, rows: Sequence[FoundRow]) -> Iterator[tuple[str, str]]:
    """The blocks between two rows that say the same, and what each says in their place."""
    for before, row, behind in zip(rows, rows[1:], rows[2:], strict=False):
        names = [_differences(row, neighbour) for neighbour in (before, behind)]
        same_stage = row.blocks[0].widths.output == before.blocks[-1].widths.output == behind.blocks[0].widths.output
        between_equals = same_stage and not _differences(before, behind)
        if between_equals and names[0] and len(names[0]) == 1 and len(row.blocks) == 1:
            key = names[0][0]
            where = _place(plan, row.blocks[0])
            theirs = _says(before, key)
            yield where, f"{where} is not like the blocks before and behind it: {_says(row, key)}; theirs: {theirs}"


def _without_sum(plan: Plan, rows: Sequence[FoundRow]) -> Iterator[tuple[str, str]]:
    """Blocks that give the shape that they take and have no shortcut, where most such blocks have one."""
    blocks = [block for row in rows for block in row.blocks if block.widths.input == block.widths.output]
    plain = [block for block in blocks if block.stride == (1, 1) and block.type not in {"conv", "pool"}]
    without = [block for block in plain if block.choices.get("shortcut") == frozenset({"none"})]
    if 0 < len(without) < len(plain) / 4:
        for block in without:
            where = _place(plan, block)
            others = len(plain) - len(without)
            yield (
                where,
                f"{where} gives the shape that it takes and has no shortcut; the {others} other such blocks have",
            )


def _differences(one: FoundRow, other: FoundRow) -> list[str]:
    """The keys in which two rows must differ."""
    if one.blocks[0].type != other.blocks[0].type:
        return ["type"]
    keys = [key for key, values in one.choices.items() if not values & other.choices.get(key, values)]
    more = [key for key in ("expansion", "se_ratio") if getattr(one, key) != getattr(other, key)]
    return [key for key in (*keys, *more) if key not in NOT_COMPARED]


def _says(row: FoundRow, key: str) -> str:
    value: Any = {"type": row.blocks[0].type, "se_ratio": row.se_ratio, "expansion": row.expansion}.get(key)
    if key in row.choices:
        value = min(map(str, row.choices[key]))
    return f"{key.replace('_', ' ')} {value}"


def _place(plan: Plan, block: FoundBlock) -> str:
    """The path that a block's ops have in common, up to a number in it, or where most of them belong."""
    ops = [plan.ops[place] for place in block.end.read]
    paths = [op.name.split(".")[:-1] for op in ops]
    shared = list(takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False)))
    path = [parts[0] for parts in shared]
    while any(part.isdigit() for part in path) and not path[-1].isdigit():
        path.pop()
    return ".".join(path) or Counter(op.block for op in ops).most_common(1)[0][0]
