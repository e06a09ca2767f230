"""When each value of a Plan is read for the last time."""

from __future__ import annotations

from mbconv_cli.plan.ops import Plan


def dying_inputs(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """For each op, the names of the inputs that no later op reads, each once."""
    last_reader = {value.name: index for index, op in enumerate(plan.ops) for value in op.inputs}
    return tuple(
        [
            tuple(dict.fromkeys([value.name for value in op.inputs if last_reader[value.name] == index]))
            for index, op in enumerate(plan.ops)
        ]
    )
