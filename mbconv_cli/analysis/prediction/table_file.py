"""The file of a latency table: what was measured where, op by op, and how good predictions from it are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mbconv_cli.analysis.prediction.op_model import Timed
from mbconv_cli.analysis.prediction.op_traits import Traits
from mbconv_cli.analysis.prediction.predictor import MeasuredNetwork, Predictor, fitted
from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import DEFAULT, Allocator, Execution
from mbconv_cli.report.model import Cell
from mbconv_cli.units import counted

FORMAT: Final = "mbconv.latency-table/1"
OF_THE_HOST: Final = ("cpu", "architecture", "cores", "usable_cores")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableOp(_Frozen):
    """Equal ops of a network: what they are, how long one takes, and how many there are."""

    kind: str
    sizes: dict[str, Annotated[int, Field(gt=0)]]
    macs: Annotated[int, Field(ge=0)]
    elements: Annotated[int, Field(ge=0)]
    milliseconds: Positive
    count: Annotated[int, Field(gt=0)] = 1


class TableNetwork(_Frozen):
    """A network that was measured."""

    name: str
    macs: Annotated[int, Field(gt=0)]
    latency_ms: Positive
    layers_ms: Positive
    ops: tuple[TableOp, ...]


class TableErrors(_Frozen):
    """How far predictions of networks that were left out are off."""

    networks: int
    within_5: float
    within_10: float
    rmse_ms: float
    spearman: float


class LatencyTable(_Frozen):
    """What a file holds.

    Attributes:
        machine: the fingerprint of where it was measured.
        settings: the form in which networks were run.
        networks: that were measured.
        held_out: errors of predictions for networks that were left out.
        held_out_by_macs: errors of MACs alone for the same networks.
        interval_error: half the width of a prediction's interval, as a logarithm.
    """

    format: Literal["mbconv.latency-table/1"] = FORMAT
    machine: Mapping[str, str | int | None]
    settings: Mapping[str, str | int | bool | None]
    networks: Annotated[tuple[TableNetwork, ...], Field(min_length=1)]
    held_out: TableErrors
    held_out_by_macs: TableErrors
    interval_error: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @property
    def execution(self) -> Execution:
        """The form in which its networks were run, which is that of all predictions."""
        batch_size, threads = self.settings["batch_size"], self.machine["threads"]
        assert isinstance(batch_size, int)
        assert isinstance(threads, int)
        allocator = Allocator(self.settings["allocator"])
        return Execution(batch_size, fold_norm=bool(self.settings["fold_norm"]), threads=threads, allocator=allocator)

    @property
    def form(self) -> str:
        """The form in words."""
        folded = ", norms folded" if self.execution.fold_norm else ""
        return f"torch, float32, {counted(self.execution.threads or 1, 'thread')}{folded}"

    def predictor(self) -> Predictor:
        """The predictor from all networks of the table."""
        return fitted([measured_network(network) for network in self.networks], self.interval_error)


def measured_network(network: TableNetwork) -> MeasuredNetwork:
    """A network of a file, for a fit."""
    ops = tuple(Timed(_traits(op), op.milliseconds, op.count) for op in network.ops)
    return MeasuredNetwork(network.name, network.macs, network.latency_ms, ops, network.layers_ms)


def _traits(op: TableOp) -> Traits:
    return Traits(op.kind, tuple(op.sizes), tuple(op.sizes.values()), op.macs, op.elements)


def table_network(network: MeasuredNetwork) -> TableNetwork:
    """A measured network, for a file."""
    ops = tuple(
        TableOp(
            kind=op.traits.kind,
            sizes=dict(zip(op.traits.names, op.traits.sizes, strict=True)),
            macs=op.traits.macs,
            elements=op.traits.elements,
            milliseconds=op.milliseconds,
            count=op.count,
        )
        for op in network.ops
    )
    return TableNetwork(
        name=network.name, macs=network.macs, latency_ms=network.latency_ms, layers_ms=network.layers_ms, ops=ops
    )


def read_table(path: Path) -> LatencyTable:
    """The table of a file that was measured on this machine.

    Raises:
        InputError: it cannot be read, is no table, or is another machine's.
    """
    try:
        table = LatencyTable.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"--predict {path}: {error.strerror or error}; `mbconv table build` makes one") from error
    except ValidationError as error:
        raise InputError(f"--predict {path}: is no latency table; `mbconv table build` makes one") from error
    _require_this_machine(path, table.machine)
    return table


def require_form(table: LatencyTable, wanted: Execution) -> None:
    """Refuse a form that the table is not of; what is left at its default means the table's.

    Raises:
        InputError: names what differs.
    """
    for each in fields(Execution):
        chosen, own = getattr(wanted, each.name), getattr(table.execution, each.name)
        if chosen not in {getattr(DEFAULT, each.name), own}:
            option = "pass" if each.name == "training" else each.name.replace("_", "-")
            raise InputError(
                f"--{option} with --predict: the table was measured in {table.form}; build one in that form"
            )


def write_table(path: Path, table: LatencyTable) -> None:
    """Write it, atomically.

    Raises:
        InputError: it cannot be written.
    """
    write_atomically(path, table.model_dump_json(indent=1) + "\n")


def _require_this_machine(path: Path, machine: Mapping[str, Cell]) -> None:
    here: dict[str, Cell] = {key: host_fingerprint()[key] for key in OF_THE_HOST} | {"torch": _torch_version()}
    for key, value in here.items():
        if value is not None and _without_build(machine.get(key)) != value:
            raise InputError(
                f"--predict {path}: was measured with {key} {machine.get(key)!r}, and here it is {value!r}; a table is "
                "for its own machine: `mbconv table build` makes one here"
            )


def _without_build(cell: Cell) -> Cell:
    """`2.6.0` of `2.6.0+cpu`."""
    return cell.partition("+")[0] if isinstance(cell, str) else cell


def _torch_version() -> str | None:
    """Of the torch that is installed, without importing it; None where there is none."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return None
