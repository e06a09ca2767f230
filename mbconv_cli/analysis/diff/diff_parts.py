"""A network cut into blocks or stages, each with what it is like."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Any

from mbconv_cli.analysis.diff.layers import Layer
from mbconv_cli.analysis.diff.spec_options import Options, options_of
from mbconv_cli.plan.ops import Block, Plan
from mbconv_cli.plan.planner import effective
from mbconv_cli.spec.spec import Spec


class Cut(str, Enum):
    """What a part is."""

    BLOCK = "block"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Part:
    """A block or a stage: ops that follow each other.

    Attributes:
        name: `stages.2.1`, or `stages.2`.
        operator: in the words of tables, e.g. `MBConv6, k3x3, SE`.
        layers: its ops.
        options: what it is like, as far as that is known.
    """

    name: str
    operator: str
    layers: tuple[Layer, ...]
    options: Options

    @property
    def content(self) -> Hashable:
        """Equal for parts that compute the same; names play no part in it."""
        return tuple((layer.content, layer.reads) for layer in self.layers)


def network_parts(plan: Plan, written: Spec | None, layers: Sequence[Layer], cut: Cut) -> list[Part]:
    """The blocks or stages of a Plan, with what the Spec that it was made from says, where both sides have one."""
    by_name, spec = _gathered(layers, cut), effective(written) if written else None
    if cut is Cut.BLOCK:
        return [
            Part(block.name, block.operator, by_name[block.name], block_options(spec, block)) for block in plan.blocks
        ]
    stages = []
    for name, members in groupby(plan.blocks, key=lambda block: block.stage):
        blocks = list(members)
        runs = [(operator, len(list(run))) for operator, run in groupby(block.operator for block in blocks)]
        operators = " + ".join(f"{count} x {operator}" for operator, count in runs)
        options = block_options(spec, blocks[0])
        counted = Options({"blocks": len(blocks), **options.values}, options.defaults)
        stages.append(Part(name, operators, by_name[name], counted))
    return stages


def stored_parts(layers: Sequence[Layer], cut: Cut) -> list[Part]:
    """The blocks or stages of a stored profile."""
    return [
        Part(name, f"{len(members)} layers", members, _stored_options(members))
        for name, members in _gathered(layers, cut).items()
    ]


def _gathered(layers: Sequence[Layer], cut: Cut) -> dict[str, tuple[Layer, ...]]:
    gathered: dict[str, list[Layer]] = {}
    for layer in layers:
        gathered.setdefault(str(layer.row[cut.value]), []).append(layer)
    return {name: tuple(members) for name, members in gathered.items()}


def _stored_options(layers: Sequence[Layer]) -> Options:
    return Options(
        {
            "roles": tuple(dict.fromkeys(str(layer.row["role"]) for layer in layers)),
            "layers": len(layers),
            "input_shape": layers[0].shape("input_shape"),
            "output_shape": layers[-1].shape("output_shape"),
        }
    )


def block_options(spec: Spec | None, block: Block) -> Options:
    """What a block's row or section says, after scaling, and what of the network's own settings acts on it.

    Without a Spec, and so without rows, a block is like its shapes.
    """
    if spec is None:
        return Options({"input_shape": block.input_shape, "output_shape": block.output_shape})
    section = block.stage.partition(".")[0]
    said = options_of(getattr(spec, section) if block.row is None else spec.blocks[block.row])
    values: dict[str, Any] = {key: value for key, value in said.values.items() if key != "num_repeat"}
    values.pop("first_dilation", None)
    scaled = {"output_filters": block.output_shape[0], "stride": block.stride, "dilation": block.dilation}
    values |= {key: value for key, value in scaled.items() if key in values}
    values["input_filters"] = block.input_shape[0]
    values["resolution"] = block.input_shape[1:]
    if section == "classifier" and values["hidden_filters"] is None:
        del values["activation"]  # it follows the hidden layer
    elif "activation" in values:
        values["activation"] = values.get("activation") or spec.activation
    if "kernel_size" in values:  # a convolution, and so a norm
        values["padding"] = values.get("padding") or spec.padding
    shared = _shared_settings(spec, values)
    return Options(values | shared, said.defaults - {"activation", "padding"} | shared.keys())


def _shared_settings(spec: Spec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The network's settings of what a block has."""
    shared: dict[str, Any] = {}
    if "kernel_size" in values:
        shared |= {f"norm.{key}": value for key, value in options_of(spec.norm).values.items()}
    if values.get("expand_ratio") or values.get("expanded_filters"):
        shared["expand_divisor"] = spec.expand_divisor
    if values.get("se_ratio"):
        shared |= {f"se.{key}": value for key, value in options_of(spec.se).values.items()}
    return shared
