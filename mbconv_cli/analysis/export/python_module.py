"""A Plan as a self-contained module of plain PyTorch: a class for each structure of blocks, and the network."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from itertools import groupby

from mbconv_cli import __version__
from mbconv_cli.analysis.export.block_classes import INDENT, BlockClass, BlockOps, block_class
from mbconv_cli.analysis.export.module_expressions import HELPERS
from mbconv_cli.plan.ops import Block, Plan


def python_module(plan: Plan) -> str:
    """The source: `Network()` computes what the Plan says, `[N, C, H, W]` to the Plan's output behind `N`."""
    classes = list(_classes(plan))
    calls = {name: call for one in classes for name, call in one.calls.items()}
    shape = "x".join(map(str, plan.input_shape))
    parts = [
        f'"""{_plain(plan.name)}, for images of {shape}; written by mbconv {__version__}."""',
        "import torch\nfrom torch import nn\nfrom torch.nn import functional",
        *_helpers("".join(one.source for one in classes)),
        *(one.source for one in classes),
        "\n".join(_network(plan, calls)),
        _main(plan),
    ]
    return "\n\n\n".join(parts) + "\n"


def _helpers(source: str) -> Iterator[str]:
    """The helpers that the classes call."""
    for name, helper in HELPERS.items():
        if re.search(rf"(?<![\w.]){name}\(", source):
            yield helper


def _classes(plan: Plan) -> Iterator[BlockClass]:
    """A class for each structure, named after its first block's operator."""
    by_structure: dict[Hashable, list[BlockOps]] = {}
    for block in plan.blocks:
        one = BlockOps(block, tuple(op for op in plan.ops if op.block == block.name))
        by_structure.setdefault(one.structure, []).append(one)
    names: dict[str, int] = {}
    for blocks in by_structure.values():
        name = _class_name(blocks[0].block)
        names[name] = names.get(name, 0) + 1
        yield block_class(name if names[name] == 1 else f"{name}{names[name]}", blocks)


def _class_name(block: Block) -> str:
    """`MBConv` of `MBConv6, k3x3, SE`; `Stem` outside of stages."""
    words = block.block_type or block.stage.partition(".")[0]
    name = re.sub(r"\W", "", words.title() if words.islower() else words)
    return name if name[:1].isalpha() else f"Block{name}"


def _network(plan: Plan, calls: dict[str, str]) -> Iterator[str]:
    yield "class Network(nn.Module):"
    shape = ", ".join(map(str, plan.input_shape))
    yield f'{INDENT}"""{_plain(plan.name)}: [N, {shape}] to [N, {plan.output_shape[0]}]."""'
    yield ""
    yield f"{INDENT}def __init__(self):"
    yield f"{INDENT * 2}super().__init__()"
    yield f"{INDENT * 2}self.blocks = nn.Sequential("
    for stage, blocks in groupby(plan.blocks, key=lambda block: block.stage):
        yield f"{INDENT * 3}# {stage}"
        yield from (f"{INDENT * 3}{calls[block.name]}," for block in blocks)
    yield f"{INDENT * 2})"
    yield ""
    yield f"{INDENT}def forward(self, x):"
    yield f"{INDENT * 2}return self.blocks(x)"


def _main(plan: Plan) -> str:
    return (
        'if __name__ == "__main__":\n'
        f"{INDENT}network = Network().eval()\n"
        f"{INDENT}images = torch.randn(1, {', '.join(map(str, plan.input_shape))})\n"
        f"{INDENT}print(network(images).shape, sum(each.numel() for each in network.parameters()), "
        '"parameters")'
    )


def _plain(text: str) -> str:
    """A name that ends no docstring."""
    return re.sub(r'["\\\\]', "_", text)
