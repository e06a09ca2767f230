"""From a network to its table: `mbconv import`. Nothing is given back that was not planned again and found equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.plan.ops import AtenCall, Conv2d, Op, Plan, Shape, Value, op_name
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import first_difference, same_graph
from mbconv_cli.recognition.odd_blocks import odd_blocks
from mbconv_cli.recognition.reading import Unread
from mbconv_cli.recognition.spec_of_plan import Conflict, Table, table_of
from mbconv_cli.spec.code_reference import Origin
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.yaml_writer import short_yaml
from mbconv_cli.units import counted

FILE = "imported.yaml"


class NotATableError(CheckFailedError):
    """A network that the notation cannot express, with the first op that it has no word for."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A network's table.

    Attributes:
        text: YAML.
        ops: how many ops of the network were found equal to those that the table plans.
        remarks: what a reader of the table may want to look at in the module, in sentences.
    """

    text: str
    ops: int
    remarks: tuple[str, ...]


def imported(network: OpenNetwork, name: str | None = None) -> Imported:
    """The table of a network, proven by planning it again.

    Args:
        network: code, or YAML, which comes back in its shortest form.
        name: what the table calls itself; nothing if absent.

    Raises:
        NotATableError: an op of it is in no block type, or no one table has all of its blocks.
    """
    plan = joined_groups(_of_one_image(network.plan))
    found = table_of(plan)
    if not isinstance(found, Table):
        raise NotATableError(*_reasons(network.plan, found))
    text = short_yaml(_described(network, name) | found.data | _expected(network))
    _require_equal(network.plan, text)
    return Imported(text, len(plan.ops), tuple(odd_blocks(plan, found.rows)))


def _require_equal(plan: Plan, text: str) -> None:
    """Plan the table again, and compare it op by op.

    Raises:
        NotATableError: they differ; names the first op that does.
    """
    try:
        again = joined_groups(plan_loaded(load_text(text, FILE)))
    except InputError as error:
        raise NotATableError(f"{plan.name} is read as a table that is not valid:", *error.problems) from error
    captured = joined_groups(plan)
    if not same_graph(captured, again):
        op = first_difference(captured, again)
        raise NotATableError(f"{plan.name} is read as a table that plans another op in place of {_words(op)}")


def _reasons(plan: Plan, found: Unread | Conflict) -> Iterator[str]:
    if isinstance(found, Conflict):
        yield f"{plan.name} is no table: {found.name}: {found.what}"
        return
    share = found.recognised / found.ops
    yield f"{plan.name} is no table: no block type has {_words(found.op)}"
    yield f"recognised before it: {found.recognised} of {counted(found.ops, 'op')} ({share:.0%})"
    if len(plan.inputs) > 1:
        yield f"it takes {len(plan.inputs)} inputs, and a table has one"


def _words(op: Op) -> str:
    """An op in the module's own terms: its path, what it is, and on which shape."""
    kind = op.kind
    what = op_name(kind)
    match kind:
        case AtenCall(arguments=str(arguments)) if arguments:
            what += f"({arguments})"
        case Conv2d():
            what += f" {'x'.join(map(str, kind.kernel_size))}, {kind.in_channels} to {kind.out_channels} channels"
            what += f" in {kind.groups} groups" if kind.groups > 1 else ""
    shape = "x".join(map(str, op.inputs[0].shape if op.inputs else op.output.shape))
    return f"{op.name}: {what}, on {shape}, in block {op.block}"


def _described(network: OpenNetwork, name: str | None) -> dict[str, Any]:
    """Name, family and source: those of a YAML file, or the command that has read the module."""
    spec, plan = network.yaml_spec, network.plan
    source = spec.source if spec else f"mbconv import {plan.name}{_version(plan)}"
    said = {"name": name, "family": spec.family if spec else None, "source": source}
    return {key: value for key, value in said.items() if value is not None}


def _expected(network: OpenNetwork) -> dict[str, Any]:
    """The figures with their source and the peer, and the published accuracy where a YAML file has one."""
    plan, spec = network.plan, network.yaml_spec
    costs = total(plan_costs(plan))
    figures: dict[str, Any] = {"params": costs.params, "macs": costs.macs, "source": f"mbconv import {plan.name}"}
    code = plan.code
    if code and code.origin is Origin.LIBRARY and not code.arguments:
        figures |= {"source": f"{code.place} {version(code.place)}", "peer": code.text}
    if spec and spec.expect and (spec.expect.params, spec.expect.macs) == (costs.params, costs.macs):
        figures = spec.expect.model_dump(exclude_none=True)
    published = spec.published.model_dump(mode="json") if spec and spec.published else None
    return {"expect": figures, "published": published} if published else {"expect": figures}


def _version(plan: Plan) -> str:
    code = plan.code
    if not code:
        return ""
    given = "".join(f" --arg {key}={value}" for key, value in code.arguments)
    given += "".join(f" --input {shape}" for shape in code.inputs)
    return given + (f" ({code.place} {version(code.place)})" if code.origin is Origin.LIBRARY else "")


def _of_one_image(plan: Plan) -> Plan:
    """The Plan without the batch in front of its shapes, as far as they have one: what a reader of blocks expects."""
    if plan.batch_size is None:
        return plan

    def image(value: Value) -> Value:
        return Value(value.name, _without_batch(value.shape, plan.batch_size))

    ops = tuple(op._replace(inputs=tuple(map(image, op.inputs)), output=image(op.output)) for op in plan.ops)
    return replace(plan, input_shape=image(Value("", plan.input_shape)).shape, ops=ops, batch_size=None)


def _without_batch(shape: Shape, batch_size: int | None) -> Shape:
    return shape[1:] if len(shape) > 1 and shape[0] == batch_size else shape
