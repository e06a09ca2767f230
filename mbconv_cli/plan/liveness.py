"""When each value of a Plan is read for the last time."""

from __future__ import annotations

from mbconv_cli.plan.ops import Plan


def dying_inputs(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """For each op, the names of the inputs that no later op reads, each once."""
    read_later = {plan.ops[-1].name}
    dying: list[tuple[str, ...]] = []
    for op in reversed(plan.ops):
        names = dict.fromkeys([value.name for value in op.inputs])
        dying.append(tuple([name for name in names if name not in read_later]))
        read_later.update(names)
    return tuple(reversed(dying))
