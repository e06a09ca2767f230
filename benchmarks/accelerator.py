"""All evidence of what mbconv measures on a GPU, from one command, within eight minutes.

Each part runs in a process of its own, with its own time limit, so that what fails or hangs takes nothing else along:
the report names what failed and why. Results are written after every part, as JSON and as Markdown, with the device's
name, the driver and the version of torch.

    python benchmarks/accelerator.py --out FOLDER [--seconds 480] [--device cuda] [--only PART ...] [--quick]

`--device fake` goes through the same parts on a CPU whose passes are timed as an accelerator's are: by events on a
stream. That shows that the script works; its figures mean nothing. To add a part, write a function
`(Setting) -> list[Row]` and its line in `PARTS` of accelerator_parts.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

FORMAT: Final = "mbconv.accelerator/1"
DEFAULT_SECONDS: Final = 480.0
LEAST_SECONDS: Final = 5.0
DONE: Final = "done"
SCRIPT: Final = Path(__file__).with_name("accelerator_parts.py")

Value: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the evidence.

    Attributes:
        name: of the part.
        question: what it answers.
        seconds: its time limit, of the usual whole.
    """

    name: str
    question: str
    seconds: float


@dataclass(slots=True)
class PartResult:
    """What came of a part.

    Attributes:
        name: of the part.
        question: what it answers.
        status: `done`, or what went wrong.
        seconds: how long it took.
        rows: a table, one dictionary a row.
    """

    name: str
    question: str
    status: str
    seconds: float
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setting:
    """How the parts are run.

    Attributes:
        device: `cuda`, `cuda:N`, `cpu` or `fake`.
        quick: a few small cases of each part, to see that it works.
        seconds: the time limit of this part.
    """

    device: str
    quick: bool
    seconds: float


Runner: TypeAlias = Callable[[Part, Setting], list[Row]]


def run_part(part: Part, setting: Setting, script: Path = SCRIPT) -> list[Row]:
    """A part in a process of its own; the rows that it had finished count also where it fails later.

    Raises:
        RuntimeError: it failed or ran past its time; carries what it said last, and its rows as `rows`.
    """
    command = [sys.executable, str(script), part.name, setting.device]
    command += [str(setting.seconds), *(["--quick"] if setting.quick else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=setting.seconds)
        problem = f"exit code {process.returncode}: {last_line(errors)}" if process.returncode else ""
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        problem = f"ran past its {setting.seconds:.0f} s"
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{") and line.endswith("}")]
    if problem:
        raise PartFailedError(problem, rows)
    return rows


class PartFailedError(RuntimeError):
    """A part that did not come to its end, with the rows that it had finished."""

    def __init__(self, problem: str, rows: list[Row]) -> None:
        super().__init__(problem)
        self.rows = rows


def last_line(text: str) -> str:
    """What a process said last."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def collect(
    parts: Sequence[Part],
    device: str,
    seconds: float,
    *,
    quick: bool,
    keep: Callable[[Sequence[PartResult]], None],
    run: Runner = run_part,
    now: Callable[[], float] = time.monotonic,
) -> list[PartResult]:
    """Run all parts one after the other; one that fails is reported, and the next one runs.

    Args:
        parts: in the order in which they matter.
        device: where.
        seconds: for all parts together: each gets its share of what is left.
        quick: a few small cases of each.
        keep: called with the results so far, after every part.
        run: runs a part.
        now: a monotonic clock in seconds.
    """
    began, results = now(), list[PartResult]()
    for index, part in enumerate(parts):
        left, wanted = seconds - (now() - began), sum(later.seconds for later in parts[index:])
        limit = min(left, max(part.seconds, left * part.seconds / wanted))
        if limit < LEAST_SECONDS:
            results.append(PartResult(part.name, part.question, "left out: no time was left", 0.0))
        else:
            print(f"{part.name}: {part.question} (at most {limit:.0f} s)", flush=True)
            results.append(attempt(part, Setting(device, quick, limit), run, now))
            print(f"  {results[-1].status}, {len(results[-1].rows)} rows, {results[-1].seconds:.0f} s", flush=True)
        keep(results)
    return results


def attempt(part: Part, setting: Setting, run: Runner, now: Callable[[], float]) -> PartResult:
    """A part's rows, or what went wrong with it."""
    began = now()
    try:
        rows, status = run(part, setting), DONE
    except PartFailedError as error:
        rows, status = error.rows, f"failed: {error}"
    return PartResult(part.name, part.question, status, now() - began, rows)


def write(folder: Path, results: Sequence[PartResult], conditions: Row) -> None:
    """The results so far, as `accelerator.json` and `accelerator.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"format": FORMAT, "conditions": conditions, "parts": [asdict(result) for result in results]}
    (folder / "accelerator.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (folder / "accelerator.md").write_text(markdown(results, conditions), encoding="utf-8")


def markdown(results: Sequence[PartResult], conditions: Row) -> str:
    """The results as a page."""
    lines = ["# What mbconv measures on an accelerator", ""]
    lines += [f"- {key}: {value}" for key, value in conditions.items()]
    for result in results:
        lines += ["", f"## {result.name}", "", f"{result.question} {result.status}, {result.seconds:.0f} s.", ""]
        lines += table(result.rows)
    return "\n".join(lines) + "\n"


def table(rows: Sequence[Row]) -> list[str]:
    """Rows as a table of Markdown; a row may lack a column."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if not columns:
        return []
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return lines + ["| " + " | ".join(cell(row.get(key)) for key in columns) + " |" for row in rows]


def cell(value: Value) -> str:
    """A value as text: floats with four significant digits, nothing for None."""
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def conditions_of(device: str) -> Row:
    """The machine, the driver and torch, as far as they can be told."""
    import torch

    from mbconv_cli.machine.fingerprint import host_fingerprint

    found: Row = {"device": device, "torch": str(torch.__version__), "cuda": torch.version.cuda}
    found |= {key: str(value) for key, value in host_fingerprint().items()}
    if device.startswith("cuda") and torch.cuda.is_available():
        found["device_name"] = torch.cuda.get_device_name(device)
        found["driver"] = driver()
    return found


def driver() -> str:
    """The NVIDIA driver's version, where nvidia-smi is there to ask."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def main() -> int:
    """Collect, keep, and print the page."""
    from accelerator_parts import PARTS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder for accelerator.json and accelerator.md")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="for all parts together")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, cpu or fake")
    parser.add_argument("--only", nargs="+", metavar="PART", choices=[part.name for part, _ in PARTS])
    parser.add_argument("--quick", action="store_true", help="a few small cases of each part")
    given = parser.parse_args()
    parts = [part for part, _ in PARTS if not given.only or part.name in given.only]
    conditions = conditions_of(given.device)
    results = collect(
        parts,
        given.device,
        given.seconds,
        quick=given.quick,
        keep=lambda so_far: write(given.out, so_far, conditions),
    )
    print(markdown(results, conditions))
    return 0 if all(result.status == DONE for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
