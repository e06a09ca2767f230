"""A Plan in the making: ops are added one by one, each named, placed and given its output shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mbconv_cli.plan.op_kinds import Kind
from mbconv_cli.plan.ops import INPUT, Block, Op, Plan, Role, Shape, Value
from mbconv_cli.plan.shapes import infer_shape


@dataclass(slots=True)
class Draft:
    """The ops and blocks so far."""

    ops: list[Op] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def finish(self, name: str, input_shape: Shape) -> Plan:
        """The Plan of all that was added."""
        return Plan(name, input_shape, tuple(self.ops), tuple(self.blocks))

    def repeat_block(self, name: str) -> Value:
        """Add the last block once more, on its own output; in a third of the time that planning it takes.

        Args:
            name: the new block's.

        Returns:
            The new block's output, of the shape of its input.
        """
        block = self.blocks[-1]
        first = next(place for place, op in enumerate(self.ops) if op.block == block.name)
        copied, length, entry = self.ops[first:], len(block.name), self.ops[-1].output
        outputs = {op.output.name: Value(name + op.output.name[length:], op.output.shape) for op in copied}
        for kind, inputs, output, stage, _, role in copied:
            inside = tuple([outputs.get(value.name, entry) for value in inputs])
            self.ops.append(Op(kind, inside, outputs[output.name], stage, name, role))
        self.blocks.append(replace(block, name=name))
        return outputs[entry.name]


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """One block of a draft: it knows the place of the ops that are added to it.

    Attributes:
        draft: what the ops are added to.
        name: the block's.
        stage: the stage's.
        row: the index of the row that it comes from; none outside of rows.
        table_filters: the channels in as the table gives them, before any scaling.
    """

    draft: Draft
    name: str
    stage: str
    row: int | None = None
    table_filters: int = 0

    def add(self, role: Role, leaf: str, kind: Kind, *inputs: Value) -> Value:
        """Add an op.

        Args:
            role: its part in the block, and the middle of its name unless the block is all of one role.
            leaf: the end of its name.
            kind: what it computes.
            inputs: what it reads.

        Raises:
            ShapeError: the inputs do not fit, or nothing would come out.
        """
        name = f"{self.name}.{leaf}" if role == self.name else f"{self.name}.{role}.{leaf}"
        output = Value(name, infer_shape(kind, inputs))
        self.draft.ops.append(Op(kind, inputs, output, self.stage, self.name, role))
        return output

    def close(
        self,
        operator: str,
        block_type: str,
        before: Value,
        after: Value,
        stride: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        """Add the block that the ops form in the paper's table."""
        shapes = before.shape, after.shape
        block = Block(self.name, self.stage, operator, block_type, *shapes, stride, self.row, dilation)
        self.draft.blocks.append(block)


def network_input(shape: Shape) -> Value:
    """The value that the first op reads."""
    return Value(INPUT, shape)
