"""What `import mbconv_cli` offers: networks and modules, their profiles and differences, as Python objects.

Every function takes what the commands take: the name of a shipped network, a path to a YAML file, `timm:NAME`,
`torchvision:NAME`, `FILE.py:CALLABLE`, `MODULE:CALLABLE` or `FILE.pt2`; and besides these any `torch.nn.Module`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mbconv_cli.analysis.diff.diff import DiffBy
from mbconv_cli.analysis.diff.diff import diff as diff_plans
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import CodeOptions, OpenNetwork, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest, usual_processes, usual_rows
from mbconv_cli.analysis.profile.profile import profile as profile_plan
from mbconv_cli.analysis.view import View
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.files import write_atomically
from mbconv_cli.machine.device_choice import AUTO, parse_device
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import DEFAULT, Allocator, Backend, Dtype, Execution, MemoryFormat, Mode
from mbconv_cli.render.notebook import render_html
from mbconv_cli.render.renderers import FORMATS_OF_SUFFIX, Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report import model
from mbconv_cli.report.document import to_document
from mbconv_cli.spec.code_reference import InputShape

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn

    Network: TypeAlias = str | OpenNetwork | nn.Module
    ExampleInputs: TypeAlias = Tensor | Sequence[Tensor] | Mapping[str, Tensor]

HTML_SUFFIX = ".html"
OF_EXACT_FIGURES = frozenset({"batch_size", "dtype", "fold_norm", "reparameterize"})
"""Parts of a form that change figures which are not measured, too."""


@dataclass(frozen=True, slots=True)
class Report:
    """An answer: a headline, totals, and tables of rows. It prints as the table that the command shows.

    Attributes:
        content: everything, under typed columns.
    """

    content: model.Report

    @property
    def totals(self) -> dict[str, model.Cell]:
        """The figures of the whole network, e.g. `params`, `macs`, `latency_ms`."""
        return dict(self.content.totals)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the figures came about, and what to hold against them."""
        return self.content.notes

    def rows(self, section: str | None = None) -> list[dict[str, model.Cell]]:
        """The rows of a table, the first one if none is named; a cell that was not measured is left out.

        Raises:
            InputError: there is no such table.
        """
        return [dict(row) for row in self._section(section).rows]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as in the JSON file of the report."""
        return to_document(self.content)

    def to_pandas(self, section: str | None = None) -> pd.DataFrame:
        """The rows of a table, the first one if none is named, as a data frame.

        Raises:
            InputError: there is no such table, or pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise InputError("to_pandas needs pandas: pip install pandas") from error
        found = self._section(section)
        return pd.DataFrame(found.rows, columns=[column.key for column in found.columns])

    def save(self, path: str | Path) -> Path:
        """Write it into a file, in the format of its suffix: .json, .csv, .md, .html, or .txt for the table.

        Raises:
            InputError: the suffix is of none of them.
            OSError: the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        formats = {".txt": Format.TABLE, **{key: usual for key, (usual, *_) in FORMATS_OF_SUFFIX.items()}}
        if suffix == HTML_SUFFIX:
            write_atomically(path, render_html(self.content))
            return path
        if suffix not in formats:
            raise InputError(f"{path}: no format for {suffix or 'no suffix'}; valid are {', '.join(formats)}, .html")
        write_atomically(path, render(self.content, formats[suffix], Style(verbose=True, exact=True)))
        return path

    def __str__(self) -> str:
        return render(self.content, Format.TABLE, Style()).rstrip("\n")

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return render_html(self.content)

    def _section(self, name: str | None) -> model.Section:
        sections = self.content.sections
        if name is None:
            return next(iter(sections.values()))
        if name not in sections:
            hint = did_you_mean(name, sections) or f"; valid are {', '.join(sections)}"
            raise InputError(f"no table {name!r}{hint}")
        return sections[name]


def load(
    reference: str,
    *,
    resolution: int | tuple[int, int] | None = None,
    overrides: Sequence[str] = (),
    arguments: Mapping[str, object] | None = None,
    inputs: Sequence[str] = (),
    batch_size: int = 1,
) -> OpenNetwork:
    """The network of a reference, with its ops. Code is run, as the reference asks for it.

    Args:
        reference: a name, a path, `REV:path`, or code.
        resolution: pixels in place of the network's own: one number for both directions, or (height, width).
        overrides: changes to a YAML file's network, each as `PATH=VALUE`.
        arguments: for the callable that makes a module.
        inputs: a module's inputs, each `[NAME=]SHAPE[:DTYPE]`, e.g. `1x3x224x224` or `ids=2x128:int64`.
        batch_size: of the inputs that a library states for its network.

    Raises:
        InputError: there is no such network, or it cannot be captured; says why.

    >>> load("mobilenet-v2").plan.output_shape
    (1000,)
    """
    texts = tuple(f"{name}={value}" for name, value in (arguments or {}).items())
    code = CodeOptions(texts, tuple(inputs), batch_size)
    return open_network(reference, resolution=resolution, overrides=overrides, code=code)


def build(network: str | OpenNetwork, *, device: str = "cpu") -> nn.Module:
    """The network as a module in eval mode, with random weights; a module's own code makes it where it is code.

    Raises:
        InputError: there is no such network, or the device is not there.

    >>> sum(parameter.numel() for parameter in build("mobilenet-v3-small-0.75").parameters())
    2041872
    """
    from mbconv_cli.pytorch.built_network import build as build_plan
    from mbconv_cli.pytorch.capture.module_loading import make_module
    from mbconv_cli.pytorch.devices import resolve_device

    plan = (load(network) if isinstance(network, str) else network).plan
    target = resolve_device(parse_device(device))
    return make_module(plan.code, target) if plan.code else build_plan(plan, target)


def capture(module: nn.Module, example_inputs: ExampleInputs) -> OpenNetwork:
    """Any module as a network: its ops, named by the module's paths, for inputs of these shapes.

    Args:
        module: it is put into eval mode, as exporting needs.
        example_inputs: a tensor, several, or several by the names of the parameters of `forward`.

    Raises:
        InputError: it cannot be exported, e.g. because its control flow depends on data; says why and where.

    >>> import torch
    >>> network = capture(torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU()), torch.zeros(2, 8))
    >>> [op.name for op in network.plan.ops]
    ['0', '1']
    """
    from mbconv_cli.pytorch.capture.code_plans import plan_of_module

    return OpenNetwork(None, plan_of_module(module, example_inputs))


def profile(
    network: Network,
    *,
    input_shape: Sequence[int] | None = None,
    example_inputs: ExampleInputs | None = None,
    measure: bool = False,
    by: str | None = None,
    depth: int = 1,
    views: bool = False,
    device: str = AUTO,
    batch_size: int = 1,
    dtype: str = "float32",
    memory_format: str = "contiguous",
    mode: str = "eager",
    fold_norm: bool = False,
    reparameterize: bool = False,
    training: bool = False,
    backend: str = "torch",
    allocator: str | None = None,
    tf32: bool | None = None,
    threads: int | None = None,
    processes: int | None = None,
    max_time: float | None = None,
    precision: float | None = None,
) -> Report:
    """What every layer costs: parameters, MACs, FLOPs and bytes, and where it is measured, milliseconds.

    Args:
        network: a reference, a network that was loaded or captured, or a module.
        input_shape: of a module's one input, with the batch.
        example_inputs: a module's inputs, in place of one shape.
        measure: whether to run it; else only exact costs are given.
        by: what a row is: layer, block, stage, role, module or kernel; a layer, or with onnxruntime a block, if absent.
        depth: with rows by module, how many parts of a module's path make one.
        views: whether a module's views are rows, too.
        device: auto, cpu, cuda, cuda:N, mps or xpu.
        batch_size: images in a batch.
        dtype: float32, bfloat16 or float16.
        memory_format: contiguous or channels_last.
        mode: eager, compile or cudagraph.
        fold_norm: whether batch norms are folded into the convolutions before them.
        reparameterize: whether norms are folded, and parallel convolutions and their sum are one convolution.
        training: whether a pass is forward and backward, in training mode.
        backend: torch or onnxruntime.
        allocator: what becomes of memory that a pass frees on the CPU: keep or system; if absent, keep with glibc, but
            system in this process, whose allocator stays as it is.
        tf32: whether float32 may be computed in TensorFloat-32 on an NVIDIA GPU; torch's defaults if absent.
        threads: on the CPU.
        processes: fresh processes to measure in; a module that was given as such is measured in this one.
        max_time: seconds that measuring may take.
        precision: half the width of the interval to reach, as a share of the latency.

    Raises:
        InputError: the network, the form or the device is not possible, or an option changes nothing; says why.
        CheckFailedError: the audit found another count.

    >>> profile("mobilenet-v2").totals["macs"]
    300774272
    """
    opened = _opened(network, input_shape, example_inputs, batch_size)
    code = opened.plan.code
    if code is not None:
        from mbconv_cli.pytorch.capture.code_plans import plan_captured_as

        opened = replace(opened, plan=plan_captured_as(opened.plan, training=training, views=views))
    elif views:
        raise InputError(f"views=True is for code; {opened.plan.name} is a network in YAML, without views")
    execution = Execution(
        batch_size=code.batch_size if code else batch_size,
        dtype=_member(Dtype, dtype),
        memory_format=_member(MemoryFormat, memory_format),
        mode=_member(Mode, mode),
        fold_norm=fold_norm or reparameterize,
        training=training,
        threads=threads,
        backend=_member(Backend, backend),
        allocator=DEFAULT.allocator if allocator is None else _member(Allocator, allocator),
        tf32=tf32,
        reparameterize=reparameterize,
    )
    view = View(_member(By, by) if by is not None else usual_rows(execution), depth=depth)
    if depth != 1 and view.by is not By.MODULE:
        raise InputError("depth is for by='module'; give both or neither")
    if not measure:
        timing = {"processes": processes, "max_time": max_time, "precision": precision}
        _require_measured(execution, device=None if device == AUTO else device, **timing)
        return Report(profile_plan(opened, execution=execution, view=view))
    alone = code is not None and code.is_object
    if alone and processes not in {None, 1}:
        raise InputError(f"processes={processes}: {opened.plan.name} is a module of this process; leave processes out")
    count = 1 if alone else processes or usual_processes(execution)
    if count == 1 and execution.allocator is None:
        execution = replace(execution, allocator=Allocator.SYSTEM)
    request = LatencyRequest(parse_device(device), budget_for(precision, max_time, count), lambda _: None, count)
    return Report(profile_plan(opened, execution=execution, view=view, latency=request))


def diff(base: Network, head: Network, *, by: str = "block") -> Report:
    """What the second network has in place of what the first one has, and how much more that costs.

    Args:
        base: what is compared with.
        head: what is compared.
        by: what a row is: layer, block or stage.

    Raises:
        InputError: one of them cannot be opened.

    >>> diff("mobilenet-v2", "mobilenet-v2").notes[0]
    'identical plan: both compute the same, op by op'
    """
    both = [_opened(network, None, None, 1) for network in (base, head)]
    return Report(diff_plans(both[0], both[1], by=_member(DiffBy, by)).report)


def _opened(
    network: Network, input_shape: Sequence[int] | None, inputs: ExampleInputs | None, batch_size: int
) -> OpenNetwork:
    """The network that is asked about.

    Raises:
        InputError: it cannot be opened; or inputs are given for what has some, or the batch is given twice.
    """
    made = _made(network, input_shape, inputs, batch_size)
    if made.plan.code is not None and batch_size not in {1, made.plan.code.batch_size}:
        raise InputError(f"batch_size={batch_size}: the inputs of {made.plan.name} hold a batch already; leave it out")
    return made


def _made(
    network: Network, input_shape: Sequence[int] | None, inputs: ExampleInputs | None, batch_size: int
) -> OpenNetwork:
    if isinstance(network, OpenNetwork):
        if input_shape is not None or inputs is not None:
            raise InputError(
                f"{network.plan.name} has its inputs already; give input_shape and example_inputs of modules"
            )
        return network
    if isinstance(network, str):
        if inputs is not None:
            raise InputError(f"{network}: example_inputs are for a module; give input_shape, or load() with inputs")
        texts = ["x".join(map(str, input_shape))] if input_shape is not None else []
        return load(network, inputs=texts, batch_size=batch_size)
    if inputs is None and input_shape is None:
        raise InputError(f"{type(network).__name__}: give input_shape=(1, 3, 224, 224) or example_inputs")
    if inputs is None:
        from mbconv_cli.pytorch.capture.example_inputs import example_inputs
        from mbconv_cli.pytorch.devices import resolve_device

        assert input_shape is not None
        inputs = example_inputs([InputShape(tuple(input_shape))], resolve_device(parse_device("cpu"))).positional
    return capture(network, inputs)


def _require_measured(execution: Execution, **timing: object) -> None:
    """Refuse what changes nothing where nothing is measured.

    Raises:
        InputError: names the option.
    """
    form = {
        field.name: value
        for field in fields(execution)
        if (value := getattr(execution, field.name)) != getattr(DEFAULT, field.name)
        and field.name not in OF_EXACT_FIGURES
    }
    for name, value in {**form, **timing}.items():
        if value is not None:
            raise InputError(f"{name} changes nothing in exact figures; give measure=True, too")


def _member(options: Any, text: str) -> Any:
    """The member of an enumeration that a text names.

    Raises:
        InputError: it names none.
    """
    values = [option.value for option in options]
    if text not in values:
        raise InputError(f"{text!r} is not one of {', '.join(values)}")
    return options(text)
