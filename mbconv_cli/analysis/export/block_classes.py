"""Blocks of one structure as one class of plain PyTorch, whose parameters are what differs between them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from mbconv_cli.analysis.export.module_expressions import expression
from mbconv_cli.plan.op_kinds import Add, ChannelSlice, Concat, ConditionalConv2d, Conv2d, GlobalAvgPool, Multiply
from mbconv_cli.plan.ops import Block, Op

SHORT_FIELDS: Final = {"in_channels": "in", "out_channels": "out", "kernel_size": "kernel"}
INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class BlockOps:
    """A block and its ops, in running order."""

    block: Block
    ops: tuple[Op, ...]

    def local_name(self, op: Op) -> str:
        """An op's name within its block: `expand.conv`."""
        return op.name.removeprefix(f"{self.block.name}.")

    @property
    def structure(self) -> Hashable:
        """Equal for blocks that differ in nothing but sizes."""
        names = {op.name: self.local_name(op) for op in self.ops}
        return tuple(
            (
                self.local_name(op),
                type(op.kind),
                _flags(op.kind),
                tuple(names.get(value.name, "") for value in op.inputs),
            )
            for op in self.ops
        )


@dataclass(frozen=True, slots=True)
class BlockClass:
    """A class of plain PyTorch.

    Attributes:
        name: of the class.
        source: its definition.
        calls: for each block, by its name, what constructs it.
    """

    name: str
    source: str
    calls: dict[str, str]


def block_class(name: str, blocks: Sequence[BlockOps]) -> BlockClass:
    """The class of some blocks of one structure."""
    arguments = _arguments(blocks)
    parameters = {argument: None for argument in arguments.values() if not argument.startswith("=")}
    signature = "".join(f", {one}" for one in parameters)
    calls = {one.block.name: _call(name, one, arguments) for one in blocks}
    first = blocks[0]
    lines = [
        f"class {name}(nn.Module):",
        f'{INDENT}"""{first.block.operator}{" and its like" if len(blocks) > 1 else ""}."""',
        "",
        f"{INDENT}def __init__(self{signature}):",
        f"{INDENT * 2}super().__init__()",
        *_constructor(first, arguments),
        "",
        f"{INDENT}def forward(self, x):",
        *_forward(first),
    ]
    return BlockClass(name, "\n".join(lines), calls)


def is_inline(op: Op) -> bool:
    """Whether an op is an expression of the forward pass, and no module."""
    match op.kind:
        case Add() | Multiply() | Concat() | ChannelSlice() | GlobalAvgPool(keep_dims=False):
            return True
    return False


def _is_alone(op: Op) -> bool:
    """Whether an op cannot be a part of a Sequential."""
    return is_inline(op) or len(op.inputs) > 1


def _flags(kind: Any) -> tuple[Any, ...]:
    """What of an op no argument can express: functions, and whether there is a bias or a padding on one side."""
    flags: list[Any] = []
    for field in fields(kind):
        value = getattr(kind, field.name)
        if isinstance(value, bool | str | float):
            flags.append(value)
        if field.name == "padding":
            flags.append(value[0::2] == value[1::2])
        if field.name == "groups" and isinstance(kind, Conv2d | ConditionalConv2d):
            flags.append("one" if value == 1 else "each" if value == kind.in_channels else "some")
    return tuple(flags)


def _arguments(blocks: Sequence[BlockOps]) -> dict[tuple[int, str], str]:
    """The text of each field of each op: a value that all blocks share (after `=`), or the name of a parameter.

    Fields that are equal in every block, the channels of a convolution and of its norm, are one parameter.
    """
    texts: dict[tuple[int, str], str] = {}
    named: dict[tuple[Any, ...], str] = {}
    for index, op in enumerate(blocks[0].ops):
        for field in fields(op.kind):
            values = tuple(getattr(one.ops[index].kind, field.name) for one in blocks)
            if len(set(values)) == 1:
                texts[index, field.name] = f"={values[0]!r}"
            else:
                texts[index, field.name] = named.setdefault(values, _parameter(blocks[0], op, field.name, named))
    return texts


def _parameter(block: BlockOps, op: Op, field: str, taken: dict[tuple[Any, ...], str]) -> str:
    """`expand_out` for the channels that come out of `expand.conv`."""
    part = block.local_name(op).rpartition(".")[0] or block.local_name(op)
    name = f"{_identifier(part)}_{SHORT_FIELDS.get(field, field)}"
    return name if name not in taken.values() else f"{_identifier(block.local_name(op))}_{field}"


def _call(name: str, block: BlockOps, arguments: dict[tuple[int, str], str]) -> str:
    given: dict[str, Any] = {}
    for (index, field), text in arguments.items():
        if not text.startswith("="):
            given.setdefault(text, getattr(block.ops[index].kind, field))
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


def _runs(block: BlockOps) -> Iterator[list[tuple[int, Op]]]:
    """Ops that run one after the other under one name: each run is a Sequential.

    An inline op is a run of its own, and so is a module of several inputs.
    """
    run: list[tuple[int, Op]] = []
    for index, op in enumerate(block.ops):
        follows = run and _part(block, op) == _part(block, run[-1][1]) and op.inputs[0].name == run[-1][1].name
        if run and (not follows or _is_alone(op) or _is_alone(run[-1][1]) or _read_again(block, run[-1], index)):
            yield run
            run = []
        run.append((index, op))
    yield run


def _read_again(block: BlockOps, last: tuple[int, Op], index: int) -> bool:
    """Whether a later op than the next one reads what an op gives."""
    return any(last[1].name in (value.name for value in op.inputs) for op in block.ops[index + 1 :])


def _part(block: BlockOps, op: Op) -> str:
    return block.local_name(op).rpartition(".")[0]


def _run_names(block: BlockOps) -> list[tuple[str, list[tuple[int, Op]]]]:
    """Runs with names of their own: the part's, or the op's where a part has several runs."""
    named: list[tuple[str, list[tuple[int, Op]]]] = []
    for run in _runs(block):
        part = _identifier(_part(block, run[0][1]) or block.local_name(run[0][1]))
        own = _identifier(block.local_name(run[0][1]))
        taken = {name for name, _ in named}
        named.append((own if _is_alone(run[0][1]) or part in taken else part, run))
    return named


def _constructor(block: BlockOps, arguments: dict[tuple[int, str], str]) -> Iterator[str]:
    for name, run in _run_names(block):
        if is_inline(run[0][1]):
            continue
        made = [_made(index, op, arguments) for index, op in run]
        if _is_alone(run[0][1]):
            yield f"{INDENT * 2}self.{name} = {made[0]}"
        else:
            yield f"{INDENT * 2}self.{name} = nn.Sequential("
            yield from (f"{INDENT * 3}{one}," for one in made)
            yield f"{INDENT * 2})"


def _made(index: int, op: Op, arguments: dict[tuple[int, str], str]) -> str:
    """What constructs the module of an op."""
    return expression(op.kind, {one.name: arguments[index, one.name].removeprefix("=") for one in fields(op.kind)})


def _forward(block: BlockOps) -> Iterator[str]:
    variables: dict[str, str] = {}
    named = _run_names(block)
    for position, (name, run) in enumerate(named):
        inputs = [variables.get(value.name, "x") for value in run[0][1].inputs]
        value = _inline(run[0][1], inputs) if is_inline(run[0][1]) else f"self.{name}({', '.join(inputs)})"
        last = position == len(named) - 1
        yield f"{INDENT * 2}{'return ' if last else f'{name} = '}{value}"
        variables[run[-1][1].name] = name


def _inline(op: Op, inputs: list[str]) -> str:
    match op.kind:
        case Add():
            return " + ".join(inputs)
        case Multiply():
            return " * ".join(inputs)
        case Concat():
            return f"torch.cat([{', '.join(inputs)}], dim=1)"
        case ChannelSlice(start=start, stop=stop):
            return f"{inputs[0]}[:, {start}:{stop}]"
    return f"functional.adaptive_avg_pool2d({inputs[0]}, 1).flatten(1)"


def _identifier(text: str) -> str:
    return re.sub(r"\W", "_", text)
