"""The parts of `accelerator.py`: each answers one question, and prints its table row by row, as JSON.

`accelerator.py` runs it, once for each part: `accelerator_parts.py PART DEVICE SECONDS [--quick]`.
"""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, Final
from unittest.mock import patch

import torch
from accelerator import Part, Row, Setting
from torch.utils.benchmark import Timer

from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.errors import MbconvError
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Dtype, Execution, MemoryFormat, Mode
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.report.model import Cell, Report

NETWORKS: Final = ("efficientnet-b0", "mobilenet-v3-large", "mobilenet-v2")
BATCH_SIZES: Final = (1, 32, 128)
FORMS: Final = (
    (Dtype.FLOAT32, MemoryFormat.CONTIGUOUS),
    (Dtype.BFLOAT16, MemoryFormat.CHANNELS_LAST),
    (Dtype.FLOAT16, MemoryFormat.CHANNELS_LAST),
)
PROFILE_SECONDS: Final = 1.2
QUICK_SECONDS: Final = 0.4
TIMED_REPEATS: Final = 50
SMALL_RESOLUTION: Final = 64
# Peak dense arithmetic in TFLOP/s without sparsity (float32 outside of tensor cores, bfloat16 in them) and bandwidth in
# GB/s: NVIDIA H100 Tensor Core GPU data sheet (SXM5), H200 data sheet, A100 80GB data sheet.
DATA_SHEETS: Final = {
    "H100": {"float32": 67.0, "bfloat16": 989.0, "gigabytes": 3350.0},
    "H200": {"float32": 67.0, "bfloat16": 989.0, "gigabytes": 4800.0},
    "A100": {"float32": 19.5, "bfloat16": 312.0, "gigabytes": 2039.0},
}
NETWORK: Final = """\
# A small network
input: {resolution: 224}
activation: swish
stem: {output_filters: 32}
blocks:
  - {kernel_size: 3, output_filters: 16, expand_ratio: 1}
  - {kernel_size: 3, num_repeat: 4, output_filters: 40, expand_ratio: 6, stride: 2}
classifier: {num_classes: 10}
"""
WIDENED: Final = "expand_ratio: 12"
TENSOR_FLOAT32_TFLOPS: Final = {"H100": 494.0, "H200": 494.0, "A100": 156.0}  # what torch allows convolutions


def passes(setting: Setting) -> Iterator[Row]:
    """Every form: end to end, the sum of its layers, what the stamps cost, and who waited for whom."""
    began = time.monotonic()
    for network, (dtype, layout), batch, training in product(_networks(setting), FORMS, _batches(setting), (0, 1)):
        if setting.device in {"cpu", "fake"} and dtype is Dtype.FLOAT16:
            continue  # torch has no fast kernels for it on CPUs
        if time.monotonic() - began > 0.9 * setting.seconds:
            yield {"network": network, "problem": "no time was left for this form and those after it"}
            return
        yield _form(setting, network, Execution(batch, dtype, layout, training=bool(training)))


def modes(setting: Setting) -> Iterator[Row]:
    """One CUDA graph, and torch.compile, beside eager; end to end alone."""
    on_cpu = setting.device in {"cpu", "fake"}
    wanted = [mode for mode in Mode if not (on_cpu and mode is Mode.CUDAGRAPH)]
    wanted = wanted[:1] if setting.quick and on_cpu else wanted  # a compiler takes minutes on a CPU
    for network, mode, batch in product(_networks(setting), wanted, _batches(setting)[:2]):
        yield _form(setting, network, Execution(batch, mode=mode))


def timers(setting: Setting) -> Iterator[Row]:
    """End to end beside torch.utils.benchmark.Timer, and triton.testing.do_bench where there is triton."""
    device = _torch_device(setting)
    for network, batch in product(_networks(setting), _batches(setting)):
        opened = _opened(setting, network)
        module, images = build(opened.plan, device).eval(), torch.randn(batch, *opened.plan.input_shape, device=device)
        with torch.inference_mode():
            timer = Timer("module(images)", globals={"module": module, "images": images})
            other = 1e3 * timer.blocked_autorange(min_run_time=_seconds(setting)).median
            triton = _do_bench(partial(module, images)) if device.type == "cuda" else None
        row = _form(setting, network, Execution(batch))
        latency = row.get("end_to_end_ms")  # as measured, as the other timers have it
        ratio = latency / other if isinstance(latency, float) else None
        times: Row = {"mbconv_ms": latency, "timer_ms": other, "ratio": ratio, "do_bench_ms": triton}
        yield {"network": network, "batch": batch, **times}


def roofline(setting: Setting) -> Iterator[Row]:
    """Each network's fastest layer against the data sheet: none may be faster than that allows."""
    name = torch.cuda.get_device_name() if setting.device.startswith("cuda") else ""
    sheet = next((known for known in DATA_SHEETS if known in name), None)
    for network, batch in product(_networks(setting), _batches(setting)):
        report = _profile(setting, network, Execution(batch))
        compute = 1e12 * TENSOR_FLOAT32_TFLOPS[sheet] if sheet else float("inf")
        memory = 1e9 * DATA_SHEETS[sheet]["gigabytes"] if sheet else float("inf")
        shares = {
            str(row["name"]): 1e3 * _number(row, "flops") / compute / _number(row, "latency_ms")
            for row in report.sections["layers"].rows
            if _number(row, "latency_ms") > 0
        }
        nearest = max(shares, key=shares.__getitem__)
        end_to_end = next(row for row in report.sections["latency"].rows if row["name"] == "end to end")
        whole = 1e3 * _number(report.totals, "bytes") / memory / _number(end_to_end, "latency_ms")
        yield {
            "network": network, "batch": batch, "sheet": sheet or "none for this device", "nearest_layer": nearest,
            "share_of_peak": shares[nearest], "layers_faster_than_peak": sum(share > 1 for share in shares.values()),
            "share_of_bandwidth": whole,
        }  # fmt: skip


def kernels(setting: Setting) -> Iterator[Row]:
    """`mbconv compare-kernels --n 8 --measure` on the device."""
    report = _command(setting, "compare-kernels", "--n", "8", "--measure", "--processes", "3", "--format", "json")
    for row in report["sections"]["candidates"]["rows"]:
        yield {key: row.get(key) for key in ("name", "n", "macs", "latency_ms", "latency_ms_low", "latency_ms_high")}


def gate(setting: Setting) -> Iterator[Row]:
    """`mbconv check --against` with a widened layer: it must fail, and a clean copy must not."""
    for head, expected in ((NETWORK.replace("#", "# again"), 0), (NETWORK.replace("expand_ratio: 6", WIDENED), 1)):
        with tempfile.TemporaryDirectory() as folder:
            code, said = _checked(setting, Path(folder), head)
            yield {"change": WIDENED if expected else "none", "exit_code": code, "expected": expected, "said": said}


def cuda_tests(setting: Setting) -> Iterator[Row]:
    """The tests that need a CUDA device."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "cuda", "-p", "no:cacheprovider", "tests"]
    folder = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=setting.seconds)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    yield {"exit_code": done.returncode, "said": lines[-1] if lines else done.stderr[-300:]}


PARTS: Final[tuple[tuple[Part, Callable[[Setting], Iterator[Row]]], ...]] = (
    (Part("passes", "Do layers add up, what do stamps cost, and who waits for whom?", 150), passes),
    (Part("timers", "Do other timers find the same end to end?", 50), timers),
    (Part("modes", "What do one graph and torch.compile bring?", 110), modes),
    (Part("roofline", "Is a layer faster than the data sheet allows?", 40), roofline),
    (Part("kernels", "Which kernel is faster here?", 30), kernels),
    (Part("gate", "Does the gate find a widened layer?", 60), gate),
    (Part("tests", "Do the tests that need a GPU pass?", 40), cuda_tests),
)


def _form(setting: Setting, network: str, execution: Execution) -> Row:
    """One profile as a row; what cannot be run in this form is said in it."""
    row: Row = {
        "network": network, "batch": execution.batch_size, "dtype": execution.dtype.value,
        "mode": execution.mode.value, "pass": "train" if execution.training else "forward",
    }  # fmt: skip
    try:
        report = _profile(setting, network, execution)
    except MbconvError as error:
        return {**row, "problem": "; ".join(error.sentences)}
    rows = {str(one["name"]): one for one in report.sections["latency"].rows}
    figures: Row = {}
    for name, one in rows.items():
        figures[f"{name.replace(' ', '_')}_ms"] = _number(one, "latency_ms")
    measured = {key: report.measurement.get(key) for key in ("device_time", "device_idle_share", "kernels_of_no_op")}
    peak = next((note for note in report.notes if note.startswith("memory: the allocator")), None)
    return {**row, **_latency(report.totals), **figures, **_figures(measured, *measured), "peak": peak}


def _latency(totals: Mapping[str, Cell]) -> Row:
    return _figures(totals, "latency_ms", "latency_ms_low", "latency_ms_high", "peak_bytes")


def _figures(row: Mapping[str, Cell], *keys: str) -> Row:
    """Some cells of a row, without shapes."""
    cells = {key: row.get(key) for key in keys}
    return {key: value for key, value in cells.items() if not isinstance(value, tuple)}


def _profile(setting: Setting, network: str, execution: Execution) -> Report:
    device = parse_device("cpu" if setting.device == "fake" else setting.device)
    request = LatencyRequest(device, budget_for(None, _seconds(setting)), lambda _: None, 1)
    with _fake_stream() if setting.device == "fake" else contextlib.nullcontext():
        return profile(_opened(setting, network), execution=execution, latency=request)


@contextlib.contextmanager
def _fake_stream() -> Iterator[None]:
    """Time CPU passes as an accelerator's are: by events on a stream, here the host's clock."""
    from mbconv_cli.pytorch.clocks import StreamClock

    with patch("mbconv_cli.pytorch.passes.clock_for", lambda _: StreamClock(None, HostEvent, lambda: None)):
        yield


class HostEvent:
    """An event that is recorded at once, by the host's clock."""

    moment = 0

    def record(self, _stream: object, /) -> None:
        """Take a stamp."""
        self.moment = time.perf_counter_ns()

    def elapsed_time(self, end: HostEvent, /) -> float:
        """The ms until another stamp."""
        return (end.moment - self.moment) / 1e6


def _opened(setting: Setting, network: str) -> OpenNetwork:
    return open_network(network, resolution=SMALL_RESOLUTION if setting.quick else None)


def _networks(setting: Setting) -> tuple[str, ...]:
    return NETWORKS[:1] if setting.quick else NETWORKS


def _batches(setting: Setting) -> tuple[int, ...]:
    return (1, 2) if setting.quick else BATCH_SIZES


def _seconds(setting: Setting) -> float:
    return QUICK_SECONDS if setting.quick else PROFILE_SECONDS


def _torch_device(setting: Setting) -> torch.device:
    return torch.device("cpu" if setting.device == "fake" else setting.device)


def _do_bench(call: Callable[[], object]) -> float | None:
    """The median of triton's timer in ms, where there is triton."""
    try:
        from triton.testing import do_bench
    except ImportError:
        return None
    return float(median(do_bench(call, rep=TIMED_REPEATS, return_mode="all")))


def _number(row: Mapping[str, Cell], key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else math.nan


def _command(setting: Setting, *arguments: str) -> dict[str, Any]:
    """What an mbconv command writes as JSON."""
    device = "cpu" if setting.device == "fake" else setting.device
    command = [sys.executable, "-m", "mbconv_cli", *arguments, "--device", device]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=setting.seconds)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _checked(setting: Setting, folder: Path, head: str) -> tuple[int, str]:
    """The exit code and the last words of a check of one network after a change, against the commit before it."""
    device = "cpu" if setting.device == "fake" else setting.device
    config = "networks: [net.yaml]\nmetrics: {latency_ms: {max_increase: 5%}}\n"
    config += f"latency: {{processes: {3 if setting.quick else 10}, device: '{device}'}}\n"
    (folder / "net.yaml").write_text(NETWORK, encoding="utf-8")
    (folder / "mbconv-check.yaml").write_text(config, encoding="utf-8")
    git = ("git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-C", str(folder))
    for step in (("init", "-q"), ("add", "."), ("commit", "-qm", "base")):
        subprocess.run([*git, *step], check=True, capture_output=True)
    (folder / "net.yaml").write_text(head, encoding="utf-8")
    command = [sys.executable, "-m", "mbconv_cli", "check", "--against", "HEAD"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=setting.seconds / 2)
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, next((line.strip() for line in lines if "latency_ms" in line), " ".join(lines)[-300:])


def main() -> None:
    """Print one part's rows, each as soon as it is there."""
    name, device, seconds, *options = sys.argv[1:]
    part = next(run for part, run in PARTS if part.name == name)
    for row in part(Setting(device, "--quick" in options, float(seconds))):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
