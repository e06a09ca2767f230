"""When each value is read for the last time."""

from __future__ import annotations

from mbconv_cli.plan.liveness import dying_inputs
from mbconv_cli.plan.ops import INPUT
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load, load_text

BLOCK = """\
input: {resolution: 8, channels: 8}
blocks: [{kernel_size: 3, output_filters: 8, expand_ratio: 1, se_ratio: 0.5}]
"""


def test_a_value_dies_where_it_is_read_last() -> None:
    plan = plan_loaded(load_text(BLOCK, "f.yaml"))
    dying = {
        op.name.removeprefix("stages.0.0."): [name.removeprefix("stages.0.0.") for name in names]
        for op, names in zip(plan.ops, dying_inputs(plan), strict=True)
    }
    assert dying["depthwise.conv"] == []  # the shortcut still reads the input
    assert dying["depthwise.norm"] == ["depthwise.conv"]
    assert dying["se.pool"] == []  # what is squeezed is multiplied later
    assert dying["se.multiply"] == ["depthwise.activation", "se.gate"]
    assert dying["shortcut.add"] == ["project.norm", INPUT]


def test_everything_but_the_output_dies_once() -> None:
    for name in shipped():
        plan = plan_loaded(load(name))
        dead = [value for names in dying_inputs(plan) for value in names]
        assert sorted(dead) == sorted([INPUT, *(op.name for op in plan.ops[:-1])])
