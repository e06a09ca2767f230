"""The latency gate on an accelerator: it concludes from the device's time, and from launches it concludes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.check.config import LatencyRule
from mbconv_cli.check.measured_judgement import time_networks
from mbconv_cli.check.row import Found
from mbconv_cli.check.timing import LatencyTask
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.verdict import Verdict
from tests.fake_device import FakeDevice, compare_here, use

NETWORK = """\
input: {resolution: 32}
activation: relu
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, num_repeat: COUNT, output_filters: 16, expand_ratio: 2}
classifier: {num_classes: 10}
"""


def plan(folder: Path, count: int) -> Plan:
    path = folder / f"net{count}.yaml"
    path.write_text(NETWORK.replace("COUNT", str(count)), encoding="utf-8")
    return open_network(str(path)).plan


def verdict(folder: Path, counts: tuple[int, int], device: FakeDevice, patch: pytest.MonkeyPatch) -> Found:
    use(device, patch)
    compare_here(patch)
    base, head = (plan(folder, count) for count in counts)
    task = LatencyTask("net", LatencyRule.model_validate({"max_increase": "5%"}), head, base)
    request = MeasureRequest(DeviceChoice("auto"), 1, 3, lambda _: None)
    timing = time_networks([task], request, batch_size=1, margin=0.03)
    return timing.checks["net"].found


@pytest.mark.parametrize(("counts", "expected"), [((3, 3), Verdict.PASS), ((3, 4), Verdict.FAIL)])
def test_one_block_more_is_found_and_the_same_network_passes(
    counts: tuple[int, int], expected: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict(tmp_path, counts, FakeDevice(noise=0.0001), monkeypatch).verdict is expected


def test_launches_decide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(tmp_path, (3, 4), FakeDevice(graphs=False, noise=0.0001), monkeypatch)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.message.startswith("the times are those of launching from Python")
    assert found.message.endswith("operation not permitted when stream is capturing")


def compared(device: FakeDevice, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    use(device, patch)
    compare_here(patch)
    question = KernelQuestion(5, (3, 3), (4,), height=8, width=8)
    return compare_kernels(question, MeasureRequest(DeviceChoice("auto"), 1, 5, lambda _: None)).notes


def test_the_seed_question_in_both_currencies(monkeypatch: pytest.MonkeyPatch) -> None:
    (note,) = [note for note in compared(FakeDevice(noise=0.0001), monkeypatch) if note.startswith("currencies: ")]
    assert note.startswith("currencies: at N = 4 the 5x5 needs 1.12 times the MACs of 3x3, 3x3 and 0.5")
    assert "it runs 6 ops in place of 12" in note


def test_kernels_are_not_compared_by_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = compared(FakeDevice(graphs=False, noise=0.0001), monkeypatch)
    assert any(note.startswith("no usable result: the times are those of launching") for note in notes)
    assert not any(note.startswith("measured, faster is") for note in notes)
