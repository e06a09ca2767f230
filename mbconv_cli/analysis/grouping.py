"""A Plan's ops as rows: one an op, or gathered by block, stage or role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mbconv_cli.plan.op_kinds import Activation, BatchNorm, GroupNorm, op_name
from mbconv_cli.plan.ops import ROLES, Op, Plan
from mbconv_cli.report.model import Cell, Column, Priority

NORM_AND_ACTIVATION: Final = "norm and activation"
OWN_ROWS: Final = ("se", "norm", "activation")
"""Roles whose norms and activations stay with them."""


class By(str, Enum):
    """What a row of a profile is."""

    LAYER = "layer"
    BLOCK = "block"
    STAGE = "stage"
    ROLE = "role"
    MODULE = "module"
    KERNEL = "kernel"

    @property
    def section(self) -> str:
        """The name of the report's section."""
        return f"{self.value}s"


OF_OPS: Final = tuple(by for by in By if by is not By.KERNEL)
"""The rows that gather ops, and so have exact costs."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row in the making: its labels, and the indices of its ops in the Plan."""

    labels: dict[str, Cell]
    ops: tuple[int, ...]


NAME: Final = Column("name")
_BLOCK, _STAGE, _OPS = (Column(key, priority=Priority.DERIVED) for key in ("block", "stage", "ops"))
_ROLE, _BLOCKS = (Column(key, priority=Priority.DETAIL) for key in ("role", "blocks"))
_OPERATOR = Column("operator")  # what the block is, which is worth more than a figure of it
_OP = Column("op", priority=Priority.CONTEXT)
_SHAPES: Final = (
    Column("input_shape", priority=Priority.DETAIL),
    Column("output_shape", priority=Priority.CONTEXT),
)

LABELS: dict[By, tuple[Column, ...]] = {
    By.LAYER: (NAME, _OP, _ROLE, _STAGE, _BLOCK, *_SHAPES),
    By.BLOCK: (NAME, _OPERATOR, _STAGE, *_SHAPES),
    By.STAGE: (NAME, _OPERATOR, _BLOCKS, *_SHAPES),
    By.ROLE: (NAME, _OPS),
    By.MODULE: (NAME, _OPS, *_SHAPES),
    By.KERNEL: (NAME,),
}


def group_ops(plan: Plan, by: By, depth: int = 1) -> list[Group]:
    """All ops of a Plan, each in exactly one group, in running order (roles: in the order of a block).

    Args:
        plan: whose ops.
        by: what a group is.
        depth: of a module's path, the first parts that make a group by module.
    """
    match by:
        case By.LAYER | By.KERNEL:  # kernels are those of layers
            return [Group(_layer_labels(op), (index,)) for index, op in enumerate(plan.ops)]
        case By.BLOCK:
            members = _members(plan, lambda op: op.block)
            return [
                Group(
                    {
                        "name": block.name,
                        "operator": block.operator,
                        "stage": block.stage,
                        "input_shape": block.input_shape,
                        "output_shape": block.output_shape,
                    },
                    members[block.name],
                )
                for block in plan.blocks
            ]
        case By.STAGE:
            return _stages(plan)
        case By.MODULE:
            members = _members(plan, lambda op: _module(op, depth))
            return [Group(_module_labels(plan, name, ops), ops) for name, ops in members.items()]
        case By.ROLE:
            return _named(_members(plan, _role), (*ROLES, NORM_AND_ACTIVATION))


def block_parts(plan: Plan) -> list[Group]:
    """All ops by what they are to their block, in the order of a block; norms and activations with their part."""
    return _named(_members(plan, lambda op: op.role), ROLES)


def _role(op: Op) -> str:
    """The row of an op by role: norms and activations have their own, but those of SE are part of the gate."""
    apart = isinstance(op.kind, BatchNorm | GroupNorm | Activation) and op.role not in OWN_ROWS
    return NORM_AND_ACTIVATION if apart else op.role


def _named(members: Mapping[str, tuple[int, ...]], names: Sequence[str]) -> list[Group]:
    return [Group({"name": name, "ops": len(members[name])}, members[name]) for name in names if name in members]


def _module(op: Op, depth: int) -> str:
    """The module that an op belongs to, so many levels deep; the later runs of a module belong to the first."""
    return ".".join(op.name.partition("#")[0].split(".")[:depth])


def _module_labels(plan: Plan, name: str, ops: Sequence[int]) -> dict[str, Cell]:
    first, last = plan.ops[ops[0]], plan.ops[ops[-1]]
    before = first.inputs[0].shape if first.inputs else ()
    return {"name": name, "ops": len(ops), "input_shape": before, "output_shape": last.output.shape}


def _layer_labels(op: Op) -> dict[str, Cell]:
    return {
        "name": op.name,
        "op": op_name(op.kind),
        "role": op.role,
        "stage": op.stage,
        "block": op.block,
        "input_shape": op.inputs[0].shape if op.inputs else (),
        "output_shape": op.output.shape,
    }


def _stages(plan: Plan) -> list[Group]:
    members = _members(plan, lambda op: op.stage)
    groups = []
    for stage, ops in members.items():
        blocks = [block for block in plan.blocks if block.stage == stage]
        labels: dict[str, Cell] = {
            "name": stage,
            "operator": blocks[0].operator,
            "blocks": len(blocks),
            "input_shape": blocks[0].input_shape,
            "output_shape": blocks[-1].output_shape,
        }
        groups.append(Group(labels, ops))
    return groups


def _members(plan: Plan, key: Callable[[Op], str]) -> dict[str, tuple[int, ...]]:
    members: dict[str, list[int]] = {}
    for index, op in enumerate(plan.ops):
        members.setdefault(key(op), []).append(index)
    return {name: tuple(indices) for name, indices in members.items()}
