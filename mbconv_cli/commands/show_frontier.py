"""`mbconv frontier`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from mbconv_cli.analysis.frontier.contenders import CONDITION_UNITS, Selection, forms, open_contenders
from mbconv_cli.analysis.frontier.cost_budgets import parse_budgets
from mbconv_cli.analysis.frontier.frontier import (
    X_KEYS,
    Question,
    exact_frontier,
    measured_frontier,
    predicted_frontier,
    require_answerable,
)
from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES
from mbconv_cli.analysis.networks import CodeOptions
from mbconv_cli.analysis.prediction.table_file import read_table
from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.analysis.turns.kept_turns import KeptTurns
from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, measure_turns
from mbconv_cli.commands.form_options import FORM, FoldNormOption
from mbconv_cli.commands.measuring_options import StrictOption, require_effect, require_usable
from mbconv_cli.commands.options import (
    MEASURING,
    NETWORK,
    ArchDirOption,
    ArgOption,
    DeviceOption,
    InputOption,
    OutputOption,
    PlotFormatOption,
    ProcessesOption,
    ResolutionOption,
    SectionOption,
    complete_code,
)
from mbconv_cli.commands.output import progress_bars, remark, show
from mbconv_cli.commands.sizes import parse_sizes
from mbconv_cli.commands.turn_options import ConditionsOption, PredictOption, ResumeOption
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.files import require_place
from mbconv_cli.machine.device_choice import AUTO, DeviceChoice, parse_device
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.quantities import MILLISECOND_UNITS, parse_quantity
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue

MOST_THREADS: Final = 1_024


class Cost(str, Enum):
    """What is set against accuracy."""

    LATENCY_MS = "latency_ms"
    MACS = "macs"
    PARAMS = "params"
    BYTES = "bytes"
    PEAK_BYTES = "peak_bytes"


NetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK",
        help="Names, paths to YAML files, REV:PATH, or code such as timm:NAME, which is run.",
        autocompletion=complete_code,
        show_default="all shipped networks with a published accuracy",
    ),
]
FamilyOption = Annotated[
    str | None,
    typer.Option(
        "--family",
        metavar="FAMILY",
        help="Compare networks of this family alone, e.g. MobileNet.",
        show_default=False,
        rich_help_panel=NETWORK,
    ),
]
AccuracyOption = Annotated[
    Path | None,
    typer.Option(
        "--accuracy",
        metavar="FILE",
        help="A CSV file with columns name and top1 (in %), and source if wanted; it comes before published figures.",
        show_default=False,
        rich_help_panel=NETWORK,
    ),
]
XOption = Annotated[
    Cost,
    typer.Option(
        "--x",
        metavar="COST",
        case_sensitive=False,
        help=f"The cost that is set against accuracy: {', '.join(X_KEYS)}; all but the first are exact, without torch.",
    ),
]
BudgetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        metavar="COST=QUANTITY",
        help="Name the most accurate network within it, e.g. latency_ms=15ms or macs=400M; several hold together.",
        show_default=False,
    ),
]
RewardOption = Annotated[
    str | None,
    typer.Option(
        "--reward-target",
        metavar="TIME",
        help="Show MnasNet's reward, ACC x (LAT/T)^-0.07, for this latency T, e.g. 15ms.",
        show_default=False,
    ),
]
BackendsOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME[,NAME]",
        help="What runs the networks: torch, onnxruntime (pip install 'mbconv-cli[onnx]'), or both.",
        show_default="torch",
        rich_help_panel=FORM,
    ),
]
ThreadCountsOption = Annotated[
    str | None,
    typer.Option(
        "--threads",
        metavar="N[,N...]",
        help="Threads on the CPU; several numbers are compared.",
        show_default="all cores but one, 8 at most",
        rich_help_panel=MEASURING,
    ),
]


def frontier_command(
    networks: NetworksArgument = None,
    family: FamilyOption = None,
    where: ConditionsOption = None,
    resolution: ResolutionOption = None,
    arguments: ArgOption = None,
    inputs: InputOption = None,
    accuracy: AccuracyOption = None,
    x: XOption = Cost.LATENCY_MS,
    budget: BudgetOption = None,
    reward_target: RewardOption = None,
    backend: BackendsOption = None,
    fold_norm: FoldNormOption = False,
    device: DeviceOption = None,
    threads: ThreadCountsOption = None,
    processes: ProcessesOption = None,
    resume: ResumeOption = None,
    predict: PredictOption = None,
    strict: StrictOption = False,
    output_format: PlotFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Find the network to take: accuracy against latency or an exact cost, and the Pareto front.

    Every network is measured in several fresh processes, in turn with all others.

    For example:

    - `mbconv frontier --budget latency_ms=15ms --threads 1`

    - `mbconv frontier --budget latency_ms=15ms --backend torch,onnxruntime --resume turns.jsonl`

    - `mbconv frontier mobilenet-v2 mobilenet-v3-large ./mine.yaml --accuracy mine.csv`

    - `mbconv frontier --x macs --budget macs=400M --where 'resolution <= 224' -o frontier.svg`
    """
    question = Question(x.value, parse_budgets(budget or []), _target(reward_target))
    require_answerable(question)
    conditions = parse_conditions(where or [], CONDITION_UNITS)
    code = CodeOptions(tuple(arguments or ()), tuple(inputs or ()))
    selection = Selection(tuple(networks or ()), family, resolution, conditions, accuracy, code)
    executions = forms(_backends(backend), _thread_counts(threads), fold_norm=fold_norm, batch_size=1)
    catalogue = user_catalogue(arch_dir or ())
    if output is not None:
        require_place(output)
    given = {
        "backend": backend, "fold_norm": fold_norm or None, "device": device, "threads": threads,
        "processes": processes, "resume": resume, "strict": strict or None,
    }  # fmt: skip
    if predict is not None:
        require_effect("with --predict, whose table is of this machine's CPU and of one form", **given)
        if x is not Cost.LATENCY_MS:
            raise InputError(f"--predict changes nothing with --x {x.value}, which is exact")
        latency_table = read_table(predict)
        contenders, left_out = open_contenders(selection, [latency_table.execution], catalogue)
        report = predicted_frontier(contenders, latency_table, question, left_out)
        show(report, output_format, output, section)
        return
    if x is not Cost.LATENCY_MS:
        require_effect(f"with --x {x.value}, which is exact", **given)
        contenders, left_out = open_contenders(selection, executions, catalogue)
        show(exact_frontier(contenders, question, left_out), output_format, output, section)
        return
    choice = parse_device(device or AUTO)
    _require_backends(executions, choice)
    kept = KeptTurns(resume)
    contenders, left_out = open_contenders(selection, executions, catalogue)
    with progress_bars() as progress:
        plan = TurnPlan(choice, processes or DEFAULT_PROCESSES, kept, progress)
        turns = measure_turns([contender.network for contender in contenders], executions, plan)
    if turns.interrupted:
        _mention_kept(resume)
    if not turns.by_place:
        raise KeyboardInterrupt
    report = measured_frontier(contenders, executions, turns, question, left_out)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)
    if turns.interrupted:
        raise KeyboardInterrupt  # held back until what had been measured was shown


def _mention_kept(resume: Path | None) -> None:
    if resume is None:
        remark("what was measured is lost with this report; --resume FILE keeps it")
    else:
        remark(f"{resume} keeps what was measured; the same command continues")


def _target(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(parse_quantity(text, MILLISECOND_UNITS, "15 ms").value)
    except ValueError as error:
        raise InputError(f"--reward-target {text!r}: {error}") from error
    if not value:
        raise InputError(f"--reward-target {text!r}: should be above 0")
    return value


def _backends(text: str | None) -> list[Backend]:
    names = [backend.value for backend in Backend]
    found = []
    for name in (part.strip().lower() for part in (text or Backend.TORCH.value).split(",")):
        if name not in names:
            hint = did_you_mean(name, names) or f"; valid are {', '.join(names)}"
            raise InputError(f"--backend {text!r}: no backend {name!r}{hint}")
        found.append(Backend(name))
    return list(dict.fromkeys(found))


def _thread_counts(text: str | None) -> list[int | None]:
    if text is None:
        return [None]
    counts = parse_sizes(text, "--threads")
    if counts[-1] > MOST_THREADS:
        raise InputError(f"--threads {text!r}: should be at most {MOST_THREADS:,}")
    return list(counts)


def _require_backends(executions: Sequence[Execution], choice: DeviceChoice) -> None:
    """Refuse early what onnxruntime needs and does not have."""
    if any(execution.backend is Backend.ONNXRUNTIME for execution in executions):
        from mbconv_cli.pytorch.onnx.onnx_packages import require_onnxruntime

        require_onnxruntime(choice)
