"""A network as what it changes of another one: the scaling that fits, and the fewest single values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import PlanError, make_plan
from mbconv_cli.recognition.scaling_fit import fitting_scalings
from mbconv_cli.recognition.spec_of_plan import Table, table_of
from mbconv_cli.recognition.table_changes import table_changes
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.spec import Scaling, Spec
from mbconv_cli.spec.yaml_writer import short_yaml


@dataclass(frozen=True, slots=True)
class Extension:
    """What a file says beside `extends`.

    Attributes:
        scaling: the factors in which it differs from its base.
        changes: single values, by the paths of `--set`.
    """

    scaling: dict[str, Any]
    changes: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The keys and values of the file."""
        return {key: value for key, value in (("scaling", self.scaling), ("set", self.changes)) if value}


def fewest_changes(base: Spec, plan: Plan, table: Table) -> Extension | None:
    """The extension with the fewest single values; None where the rows correspond under no scaling.

    Whether it plans the same ops is for the caller to compare: what stands in the base may say otherwise.

    Args:
        base: what is extended.
        plan: of the network.
        table: what was recognised of it.
    """
    head = _spec_of(table)
    blocks = [block for row in table.rows for block in row.blocks]
    scalings = list(fitting_scalings(base, blocks)) or [base.scaling]
    found = [one for scaling in scalings if (one := _extension(base, scaling, plan, head))]
    return min(found, key=lambda one: len(one.changes), default=None)


def _extension(base: Spec, scaling: Scaling, plan: Plan, head: Spec) -> Extension | None:
    """The extension by one scaling, if the base can be scaled so and the rows correspond."""
    extent = (plan.input_shape[1], plan.input_shape[2])
    scaled = base.model_copy(update={"scaling": scaling.model_copy(update={"resolution": extent})})
    try:
        recognised = table_of(make_plan(scaled))
    except PlanError:  # at this resolution a feature map of the base vanishes
        return None
    changes = table_changes(_spec_of(recognised), head) if isinstance(recognised, Table) else None
    return None if changes is None else Extension(_scaling(base, scaling, extent), changes)


def _scaling(base: Spec, scaling: Scaling, extent: tuple[int, int]) -> dict[str, Any]:
    """Width, depth and resolution, each where it is not the base's."""
    said: dict[str, Any] = {
        key: getattr(scaling, key) for key in ("width", "depth") if getattr(scaling, key) != getattr(base.scaling, key)
    }
    if extent != (base.scaling.resolution or base.input.resolution):
        said["resolution"] = extent[0] if extent[0] == extent[1] else list(extent)
    return said


def _spec_of(table: Table) -> Spec:
    return load_text(short_yaml(table.data), "table.yaml").spec
