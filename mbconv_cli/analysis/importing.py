"""From a network to its table: `mbconv import`. Nothing is given back that was not planned again and found equal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.git.revisions import parse_revision
from mbconv_cli.plan.op_kinds import AtenCall, Conv2d, op_name
from mbconv_cli.plan.ops import Op, Plan, Shape, Value
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import first_difference, same_graph
from mbconv_cli.recognition.extension import fewest_changes
from mbconv_cli.recognition.odd_blocks import odd_blocks
from mbconv_cli.recognition.reading import Unread
from mbconv_cli.recognition.spec_of_plan import Conflict, Table, table_of
from mbconv_cli.spec.catalogue import STDIN, Catalogue
from mbconv_cli.spec.code_reference import Origin, parse_code
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.yaml_writer import short_yaml
from mbconv_cli.units import counted

FILE: Final = "imported.yaml"
MOST_CHANGES: Final = 8
"""So many values are set in a file that extends another; a network with more of them has a table of its own."""
MOST_NAMED: Final = 3


class NotATableError(CheckFailedError):
    """A network that the notation cannot express, with the first op that it has no word for."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a table extends.

    Attributes:
        spec: its own.
        reference: what the table calls it.
        folder: where the table is written.
        catalogue: where names are looked up.
    """

    spec: Spec
    reference: str
    folder: Path
    catalogue: Catalogue


def base_of(reference: str, folder: Path, catalogue: Catalogue) -> Base:
    """The base of a table that is written into a folder.

    Args:
        reference: a network's name, or the path of its file.
        folder: from which a relative path starts in the table.
        catalogue: where names are looked up.

    Raises:
        InputError: a file cannot extend it, or it is not valid.
    """
    if reference == STDIN or parse_code(reference) or parse_revision(reference):
        raise InputError(f"--base {reference!r}: should be a network's name or the path of its file")
    spec = load(reference, catalogue).spec
    place = catalogue.find(reference)
    named = str(place) != reference
    return Base(spec, reference if named else os.path.relpath(reference, folder), folder, catalogue)


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


def imported(network: OpenNetwork, name: str | None = None, base: Base | None = None) -> Imported:
    """The table of a network, proven by planning it again.

    Args:
        network: code, or YAML, which comes back in its shortest form.
        name: what the table calls itself; nothing if absent.
        base: what the table extends, if anything.

    Raises:
        NotATableError: an op of it is in no block type, or no one table has all of its blocks; or it is not the base
            with another scaling and a few other values.
    """
    plan = joined_groups(_of_one_image(network.plan))
    found = table_of(plan)
    if not isinstance(found, Table):
        raise NotATableError(*_reasons(network.plan, found))
    described = _described(network, name)
    data = described | found.data if base is None else _extending(base, plan, found, described)
    text = short_yaml(data | _expected(network))
    _require_equal(network.plan, text, base)
    return Imported(text, len(plan.ops), tuple(odd_blocks(plan, found.rows)))


def _extending(base: Base, plan: Plan, found: Table, described: dict[str, Any]) -> dict[str, Any]:
    """The table as what it changes of its base.

    Raises:
        NotATableError: that is more than a person would write so.
    """
    extension = fewest_changes(base.spec, plan, found)
    advice = "import it without --base, or name a base that is nearer"
    if extension is None:
        rows = counted(len(base.spec.blocks), "row")
        blocks = counted(sum(len(row.blocks) for row in found.rows), "block")
        what = f"no scaling of its {rows} gives the {blocks} of {plan.name}, and their rows do not correspond"
        raise NotATableError(f"{base.reference} is no base: {what}; {advice}")
    if len(extension.changes) > MOST_CHANGES:
        some = ", ".join(list(extension.changes)[:MOST_NAMED])
        what = f"{plan.name} differs in {len(extension.changes)} values besides scaling ({some}, ...)"
        raise NotATableError(f"{base.reference} is no base: {what}, and at most {MOST_CHANGES} are set; {advice}")
    return {"extends": base.reference, **described, **extension.data}


def _require_equal(plan: Plan, text: str, base: Base | None) -> None:
    """Plan the table again, and compare it op by op.

    Raises:
        NotATableError: they differ; names the first op that does.
    """
    folder, catalogue = (base.folder, base.catalogue) if base else (None, None)
    try:
        again = joined_groups(plan_loaded(load_text(text, FILE, folder=folder, catalogue=catalogue)))
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
