"""A network as ops in running order: where each belongs, what it reads, and the blocks that they form.

Shapes are those of one image: `(C, H, W)` of a feature map, `(F,)` of a vector. The batch is added where it
matters, in costs and in the built module. Only a Plan that was captured from a module may have shapes of a whole
batch, `(N, ...)`: it then has a `batch_size`, and an op reads channels and features from the end of a shape.

What a Plan has by the hundred (`Value`, `Op`) is a named tuple: as immutable as a frozen dataclass, and made in half
the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from mbconv_cli.plan.op_kinds import Kind
from mbconv_cli.spec.code_reference import CodeReference

Shape: TypeAlias = tuple[int, ...]
Role: TypeAlias = Literal[
    "stem",
    "convolution",
    "expand",
    "depthwise",
    "se",
    "routing",
    "project",
    "pooling",
    "shortcut",
    "head",
    "classifier",
    "pointwise",
    "linear",
    "attention",
    "recurrent",
    "norm",
    "activation",
    "element-wise",
    "shape",
    "other",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""In the order of a block; from `pointwise` on they are those of captured ops: what an op is, not what it is for."""
INPUT: Final = "input"
"""The name that ops use for the network's input."""


class Value(NamedTuple):
    """What an op gives, or the network's input: the op's name (or `input`), and the shape without the batch."""

    name: str
    shape: Shape

    @property
    def channels(self) -> int:
        """Channels of a feature map, features of a vector."""
        return self.shape[0]


class Op(NamedTuple):
    """One step of a network.

    Attributes:
        kind: what it computes.
        inputs: what it reads.
        output: what it gives. Its name is the op's.
        stage: the stage it belongs to (`stem`, `stages.2`, `head`, `classifier`).
        block: the block it belongs to (`stages.2.1`; the stage's own name outside of stages).
        role: its part in the block.
    """

    kind: Kind
    inputs: tuple[Value, ...]
    output: Value
    stage: str
    block: str
    role: Role

    @property
    def name(self) -> str:
        """Dotted; also the module's path in the built network and the row's name in every report."""
        return self.output.name


@dataclass(frozen=True, slots=True)
class Block:
    """What a run of ops is in the paper's table.

    Attributes:
        name: `stages.2.1`, `stem`, `head`, `classifier`.
        stage: the stage that it belongs to.
        operator: as tables print it, e.g. `MBConv6, k3x3, SE`.
        block_type: its name in a count, e.g. `MBConv`; empty for what is counted layer by layer.
        stride: (vertical, horizontal).
        row: the index of the row that it comes from; none outside of rows.
        dilation: of its spatial kernels, (vertical, horizontal).
    """

    name: str
    stage: str
    operator: str
    block_type: str
    input_shape: Shape
    output_shape: Shape
    stride: tuple[int, int]
    row: int | None = None
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A network as ops in the order in which they run; the last one's output is the network's.

    Attributes:
        name: the network's.
        input_shape: of the first input.
        ops: in running order.
        blocks: runs of ops, in running order.
        batch_size: the batch that the shapes hold already, where the Plan was captured for one; None where shapes are
            those of one image.
        more_inputs: what the network takes besides the first input.
        code: the code that makes the module, where the Plan was captured from one.
        remarks: what a reader of its costs should know, in sentences.
    """

    name: str
    input_shape: Shape
    ops: tuple[Op, ...]
    blocks: tuple[Block, ...]
    batch_size: int | None = None
    more_inputs: tuple[Value, ...] = ()
    code: CodeReference | None = None
    remarks: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Value, ...]:
        """All inputs, the first one under the name that every Plan uses for it."""
        return (Value(INPUT, self.input_shape), *self.more_inputs)

    def images(self, batch_size: int) -> int:
        """How often the costs of the Plan's shapes count in such a batch: once where they hold it already."""
        return batch_size if self.batch_size is None else 1

    def batched(self, batch_size: int) -> Shape:
        """The shape of the first input with the batch, `[N, ...]`."""
        return (batch_size, *self.input_shape) if self.batch_size is None else self.input_shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the last op's output."""
        return self.ops[-1].output.shape
