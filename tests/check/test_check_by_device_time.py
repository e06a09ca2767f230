"""The gate on an accelerator: `latency_ms` is the device's own time, `launched_ms` that of launching from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mbconv_cli.analysis.compare import blocks, kernels
from mbconv_cli.analysis.compare.block_family import BlockQuestion
from mbconv_cli.analysis.compare.blocks import compare_blocks
from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.analysis.diff import diff_latency
from mbconv_cli.analysis.diff.diff_latency import measured_latency
from mbconv_cli.analysis.diff.diff_sides import sides_of
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.check import measured_judgement, take_baseline
from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import check, measuring_plan
from mbconv_cli.check.sides import StoredBaseline
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.git.revisions import resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.report.baseline import Baseline
from mbconv_cli.report.model import Report, Row
from mbconv_cli.spec.catalogue import Catalogue
from tests.fake_device import LAUNCH_US, FakeDevice, compare_here, use
from tests.repositories import new_repository

NETWORK = """\
input: {resolution: 32}
activation: relu
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, num_repeat: COUNT, output_filters: 16, expand_ratio: 2}
classifier: {num_classes: 10}
"""
ONE_BLOCK_MORE = (3, 4)
OPS = 40
"""Of the network with four blocks."""
NOISE = 0.0001


def rules(text: str) -> str:
    return f"networks: [net.yaml]\nmetrics: {{{text}}}\n"


def request(device: str = "auto") -> MeasureRequest:
    return MeasureRequest(DeviceChoice(device), 1, 3, lambda _: None)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """In simulated time few rounds are enough."""
    for module in (measured_judgement, take_baseline):
        monkeypatch.setattr(module, "GATE_SECONDS", 0.1)
    monkeypatch.setattr(kernels, "BLOCK_SECONDS", 0.1)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Row]]:
    """Checks a network of some blocks against one of others, on a fake device, and gives the row of each metric."""

    def rows(counts: tuple[int, int], config: str, device: FakeDevice | None, wanted: MeasureRequest) -> dict[str, Row]:
        if device:
            use(device, monkeypatch)
        compare_here(monkeypatch)
        base, head = (NETWORK.replace("COUNT", str(count)) for count in counts)
        repository = new_repository(tmp_path)
        repository.commit({"net.yaml": base})
        repository.write({"net.yaml": head, "c.yaml": rules(config)})
        against = resolve("HEAD", tmp_path)
        checked = check(load_config(tmp_path / "c.yaml"), against, Catalogue(), wanted)
        return {str(row["metric"]): row for row in checked.report.sections["checks"].rows}

    return rows


@pytest.mark.parametrize("metric", ["latency_ms", "launched_ms"])
@pytest.mark.parametrize(("counts", "expected"), [((3, 3), "pass"), (ONE_BLOCK_MORE, "fail")])
def test_one_block_more_is_found_and_the_same_network_passes(
    metric: str, counts: tuple[int, int], expected: str, rows: Callable[..., dict[str, Row]]
) -> None:
    found = rows(counts, f"{metric}: {{max_increase: 5%}}", FakeDevice(noise=NOISE), request())
    assert found[metric]["verdict"] == expected


def test_both_times_of_a_network_are_judged_each_by_its_own_rule(rows: Callable[..., dict[str, Row]]) -> None:
    config = "latency_ms: {max_increase: 5%}, launched_ms: {max: 0.5 ms}"
    found = rows(ONE_BLOCK_MORE, config, FakeDevice(noise=NOISE), request())
    assert {key: row["verdict"] for key, row in found.items()} == {"latency_ms": "fail", "launched_ms": "fail"}
    assert found["launched_ms"]["head"] == pytest.approx(OPS * LAUNCH_US / 1e3, rel=2 * NOISE)
    assert "base" in found["latency_ms"]
    assert float(str(found["latency_ms"]["head"])) < 0.3  # the device's own


def test_without_graphs_launches_decide_launched_ms_alone(rows: Callable[..., dict[str, Row]]) -> None:
    config = "latency_ms: {max_increase: 5%}, launched_ms: {max_increase: 5%}"
    found = rows(ONE_BLOCK_MORE, config, FakeDevice(graphs=False, noise=NOISE), request())
    assert found["launched_ms"]["verdict"] == "fail"
    assert found["latency_ms"]["verdict"] == "inconclusive"
    message = str(found["latency_ms"]["message"])
    assert message.startswith("the times are those of launching from Python")
    assert message.endswith("operation not permitted when stream is capturing")


def test_the_cpu_has_one_time_alone_and_nothing_is_measured_for_the_other(
    rows: Callable[..., dict[str, Row]],
) -> None:
    found = rows(ONE_BLOCK_MORE, "launched_ms: {max_increase: 5%}", None, request("cpu"))
    assert found["launched_ms"]["verdict"] == "not comparable"
    assert found["launched_ms"]["message"] == (
        "launched_ms is measured on accelerators alone; on the CPU latency_ms is the time of launching from Python: "
        "give latency_ms this rule"
    )
    assert "processes" not in found["launched_ms"]


def stored(folder: Path, config: str) -> Baseline:
    (folder / "c.yaml").write_text(rules(config), encoding="utf-8")
    (folder / "net.yaml").write_text(NETWORK.replace("COUNT", "3"), encoding="utf-8")
    return take_baseline.take_baseline(load_config(folder / "c.yaml"), Catalogue(), request())


def test_a_stored_baseline_keeps_launches_where_a_rule_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeDevice(noise=NOISE), monkeypatch)
    compare_here(monkeypatch)
    plain = stored(tmp_path, "latency_ms: {max_increase: 5%}")
    assert plain.networks["net.yaml"].launched_ms is None
    kept = stored(tmp_path, "launched_ms: {max_increase: 5%}")
    (tmp_path / "net.yaml").write_text(NETWORK.replace("COUNT", "4"), encoding="utf-8")
    config = load_config(tmp_path / "c.yaml")
    checked = check(config, StoredBaseline(kept, tmp_path / "b.json"), Catalogue(), request())
    lacking = check(config, StoredBaseline(plain, tmp_path / "b.json"), Catalogue(), request())
    assert isinstance(checked.error, CheckFailedError)
    assert isinstance(lacking.error, CheckFailedError)
    assert "the baseline has no launched_ms of it" in str(lacking.error)


def test_a_plan_of_measuring_has_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeDevice(), monkeypatch)
    (tmp_path / "c.yaml").write_text(rules("latency_ms: {max: 1 ms}, launched_ms: {max: 1 ms}"), encoding="utf-8")
    (tmp_path / "net.yaml").write_text(NETWORK.replace("COUNT", "3"), encoding="utf-8")
    report = measuring_plan(load_config(tmp_path / "c.yaml"), None, Catalogue(), request())
    assert [row["metric"] for row in report.sections["measurements"].rows] == ["latency_ms", "launched_ms"]
    assert report.totals["networks"] == 1


def test_an_accepted_increase_of_launches_is_a_share(rows: Callable[..., dict[str, Row]]) -> None:
    accept = "accept: [{network: net, metric: launched_ms, value: 60%, reason: wanted}]"
    found = rows(ONE_BLOCK_MORE, f"launched_ms: {{max_increase: 5%}}}}\n{accept} #", FakeDevice(noise=NOISE), request())
    assert found["launched_ms"]["verdict"] == "pass"
    assert str(found["launched_ms"]["message"]).endswith("up to 60% is accepted: wanted")


def compared(device: FakeDevice, patch: pytest.MonkeyPatch) -> Report:
    use(device, patch)
    compare_here(patch)
    question = KernelQuestion(5, (3, 3), (4,), height=8, width=8)
    return compare_kernels(question, request())


def test_the_seed_question_in_both_currencies(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = compared(FakeDevice(noise=NOISE), monkeypatch).notes
    (note,) = [note for note in notes if note.startswith("currencies: ")]
    assert note.startswith("currencies: at N = 4 the 5x5 needs 1.12 times the MACs of 3x3, 3x3 and 0.5")
    assert "it runs 6 ops in place of 12" in note


def test_blocks_and_networks_side_by_side_have_both_times(monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeDevice(noise=NOISE), monkeypatch)
    compare_here(monkeypatch)
    monkeypatch.setattr(blocks, "BLOCK_SECONDS", 0.1)
    monkeypatch.setattr(diff_latency, "NETWORK_SECONDS", 0.1)
    network = open_network("bottleneck-v3-se-last", resolution=16)
    compared = compare_blocks(BlockQuestion(16, 16, (8, 8)), request()).sections["blocks"]
    measured = measured_latency(*sides_of(network, network, None), request())
    assert measured.section is not None
    for rows in (compared.rows, measured.section.rows):
        assert all(0 < float(str(row["latency_ms"])) < float(str(row["launched_ms"])) for row in rows)


def test_kernels_are_not_compared_by_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    report = compared(FakeDevice(graphs=False, noise=NOISE), monkeypatch)
    notes, rows = report.notes, report.sections["crossing"].rows
    assert [row["latency_winner"] for row in rows if "latency_winner" in row] == ["undecided"]
    assert any(note.startswith("no usable result: the times are those of launching") for note in notes)
    assert not any(note.startswith("measured, faster is") for note in notes)
