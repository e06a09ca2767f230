"""Profiles whose measurement is made up, so that every figure of the report can be foretold."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from mbconv_cli.analysis.grouping import OF_OPS, By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.measurement_notes import LAUNCHES_ONLY
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.load import Load
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.execution import Allocator, Execution
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.stamp_cost import StampCost
from mbconv_cli.report.model import Cell, Report, Row, Section
from mbconv_cli.units import counted

NETWORK = "efficientnet-b0"
COSTS = ("params", "macs", "flops", "bytes")
BY_ROLE = "name, ops, params, params_share, macs, macs_share, flops, bytes, bytes_share, alive_bytes"
PEAK = "memory: at most 9.2 MiB of activations are alive at once, at stages.1.0.expand.norm; if no op works in place"
END_TO_END = [12.0, 10.0, 11.0, 10.5, 11.5, 10.0, 12.0, 11.0]  # the median: 11
PASS_FACTORS = [1.0, 1.25, 0.75, 1.0, 9.0, 1.0, 0.5, 1.0]  # the central half: all 1.0

every_grouping = pytest.mark.parametrize("by", OF_OPS)


@dataclass
class FakeBench:
    """Stands in for the device: the k-th op takes k microseconds, times the factor of the pass."""

    bench: Bench
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, *_: Any, **asked: Any) -> tuple[Bench]:
        self.asked.append(asked)
        return (self.bench,)


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network(NETWORK)


@pytest.fixture
def fake(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> FakeBench:
    cost = total(plan_costs(network.plan))
    ops = len(network.plan.ops)
    layers = [[factor * (op + 1) / 1_000 for op in range(ops)] for factor in PASS_FACTORS]
    machine: dict[str, Cell] = {"torch": "2.6", "threads": 2, "device": "cpu", "device_name": "a CPU"}
    fake = FakeBench(
        Bench(
            Audit(ops, cost.macs, cost.params, cost.params, (), ()),
            Measurement(END_TO_END, layers, warm_up=8, steady=True, seconds=2.0),
            machine,
        )
    )
    monkeypatch.setattr("mbconv_cli.pytorch.bench.run_batches", fake)
    return fake


def request() -> LatencyRequest:
    return LatencyRequest(DeviceChoice("cpu"), Budget(), lambda _: None)


def figure(row: Row, key: str) -> float:
    value = row[key]
    assert isinstance(value, int | float)
    return value


def column(section: Section, key: str) -> list[float]:
    return [figure(row, key) for row in section.rows]


def midmean_of_all(network: OpenNetwork) -> float:
    ops = len(network.plan.ops)
    return ops * (ops + 1) / 2 / 1_000


@every_grouping
@pytest.mark.parametrize("batch_size", [1, 5])
def test_exact_columns_add_up_to_the_totals(network: OpenNetwork, by: By, batch_size: int) -> None:
    report = profile(network, execution=Execution(batch_size=batch_size), view=View(by))
    section = report.sections[by.section]
    for key in COSTS:
        assert sum(column(section, key)) == report.totals[key]
    assert sum(column(section, "macs_share")) == pytest.approx(1)


def test_macs_are_those_of_the_batch_and_params_are_not(network: OpenNetwork) -> None:
    one, five = (profile(network, execution=Execution(batch_size=size)).totals for size in (1, 5))
    assert (one["params"], one["macs"], one["flops"]) == (5_288_548, 385_814_752, 771_629_504)
    assert (five["params"], five["macs"], five["flops"]) == (5_288_548, 5 * 385_814_752, 5 * 771_629_504)


@every_grouping
@pytest.mark.usefixtures("fake")
def test_latencies_of_every_grouping_add_up_to_the_midmean_of_the_pass(network: OpenNetwork, by: By) -> None:
    section = profile(network, view=View(by), latency=request()).sections[by.section]
    assert math.fsum(column(section, "latency_ms")) == pytest.approx(midmean_of_all(network), rel=1e-12)
    assert math.fsum(column(section, "latency_share")) == pytest.approx(1)


@pytest.mark.usefixtures("fake")
def test_a_layers_latency_is_its_midmean_with_its_interval(network: OpenNetwork) -> None:
    rows = profile(network, latency=request()).sections["layers"].rows
    assert [row["name"] for row in rows] == [op.name for op in network.plan.ops]
    for index, row in enumerate(rows):
        for key in ("latency_ms", "latency_ms_low", "latency_ms_high"):
            assert figure(row, key) == pytest.approx((index + 1) / 1_000)


@pytest.mark.usefixtures("fake")
def test_sum_and_difference_make_up_the_end_to_end_latency(network: OpenNetwork) -> None:
    report = profile(network, latency=request())
    rows = {row["name"]: row for row in report.sections["latency"].rows}
    assert list(rows) == ["sum of layers", "difference", "end to end", "slowdown by the stamps"]
    assert figure(rows["sum of layers"], "latency_ms") == pytest.approx(midmean_of_all(network))
    assert rows["end to end"]["latency_ms"] == report.totals["latency_ms"] == 11.0
    together = figure(rows["sum of layers"], "latency_ms") + figure(rows["difference"], "latency_ms")
    assert together == pytest.approx(11.0)
    shares = figure(rows["sum of layers"], "latency_share") + figure(rows["difference"], "latency_share")
    assert shares == pytest.approx(figure(rows["end to end"], "latency_share")) == 1
    assert figure(rows["slowdown by the stamps"], "latency_ms") == pytest.approx(midmean_of_all(network) - 11.0)


@pytest.mark.usefixtures("fake")
def test_totals_carry_the_end_to_end_median_with_its_interval_and_samples(network: OpenNetwork) -> None:
    totals = profile(network, latency=request()).totals
    keys = ("latency_ms", "latency_ms_low", "latency_ms_high", "latency_samples")
    assert [totals[key] for key in keys] == [11.0, 10.0, 12.0, 8]


@every_grouping
@pytest.mark.usefixtures("fake")
def test_the_row_of_the_others_keeps_every_sum(network: OpenNetwork, by: By) -> None:
    whole = profile(network, view=View(by), latency=request()).sections[by.section]
    cut = profile(network, view=View(by, top=3), latency=request()).sections[by.section]
    assert len(cut.rows) == 4
    assert cut.rows[:3] == whole.rows[:3]
    assert cut.rows[3]["name"] == counted(len(whole.rows) - 3, "other")
    assert "latency_ms_low" not in cut.rows[3], "intervals do not add"
    for key in (*COSTS, "latency_ms", "latency_share"):
        assert math.fsum(column(cut, key)) == pytest.approx(math.fsum(column(whole, key)))


def test_the_row_of_the_others_sums_shares_of_macs(network: OpenNetwork) -> None:
    section = profile(network, view=View(top=10, sort="macs")).sections["layers"]
    assert math.fsum(column(section, "macs_share")) == pytest.approx(1)
    assert column(section, "macs")[:10] == sorted((c.macs for c in plan_costs(network.plan)), reverse=True)[:10]


@pytest.mark.parametrize("above", [0, 1, 1_000])
def test_a_top_of_all_rows_or_more_has_no_others(network: OpenNetwork, above: int) -> None:
    stages = len(profile(network, view=View(By.STAGE)).sections["stages"].rows)
    rows = profile(network, view=View(By.STAGE, top=stages + above)).sections["stages"].rows
    assert len(rows) == stages
    assert "others" not in str(rows[-1]["name"])


@pytest.mark.parametrize("key", [*COSTS, "latency_ms", "latency_ms_low", "latency_share"])
@pytest.mark.usefixtures("fake")
def test_figures_are_sorted_largest_first(network: OpenNetwork, key: str) -> None:
    figures = column(profile(network, view=View(sort=key), latency=request()).sections["layers"], key)
    assert figures == sorted(figures, reverse=True)


@pytest.mark.parametrize("key", ["name", "op", "role", "stage", "block"])
def test_words_are_sorted_from_a_to_z(network: OpenNetwork, key: str) -> None:
    words = [str(row[key]) for row in profile(network, view=View(sort=key)).sections["layers"].rows]
    assert words == sorted(words)


def test_shapes_are_sorted_by_their_sizes(network: OpenNetwork) -> None:
    rows = profile(network, view=View(sort="output_shape")).sections["layers"].rows
    shapes = [row["output_shape"] for row in rows if isinstance(row["output_shape"], tuple)]
    assert len(shapes) == len(rows)
    assert shapes == sorted(shapes)


@every_grouping
def test_every_column_can_be_sorted_by(network: OpenNetwork, by: By) -> None:
    section = profile(network, view=View(by)).sections[by.section]
    for key in (column.key for column in section.columns):
        again = profile(network, view=View(by, sort=key)).sections[by.section]
        assert sorted(map(str, again.rows)) == sorted(map(str, section.rows))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("mac", "--sort 'mac' is no column; did you mean 'macs'?"),
        ("zzz", f"--sort 'zzz' is no column; valid are {BY_ROLE}"),
        (
            "latency_ms",
            f"--sort latency_ms: nothing is measured with --no-latency; valid are {BY_ROLE}",
        ),
    ],
)
def test_a_column_that_is_not_there(network: OpenNetwork, key: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        profile(network, view=View(By.ROLE, sort=key))
    assert str(caught.value) == message


def test_a_wrong_column_is_told_before_anything_is_measured(network: OpenNetwork, fake: FakeBench) -> None:
    with pytest.raises(InputError):
        profile(network, view=View(sort="macs_share"), latency=request())
    assert fake.asked == []


def test_what_is_asked_of_the_bench(network: OpenNetwork, fake: FakeBench) -> None:
    asked = request()
    profile(network, execution=Execution(batch_size=3, threads=2), latency=asked)
    assert fake.asked == [
        {
            "plan": network.plan,
            "costs": plan_costs(network.plan),
            "device": asked.device,
            "execution": Execution(batch_size=3, threads=2),
            "batch_sizes": (3,),
            "budget": asked.budget,
            "progress": asked.progress,
        }
    ]


def test_nothing_is_measured_without_a_request(
    network: OpenNetwork, fake: FakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import would fail
    report = profile(network)
    assert fake.asked == []
    assert "latency" not in report.sections
    assert not [key for key in report.totals if key.startswith("latency")]
    assert not [key for row in report.sections["layers"].rows for key in row if key.startswith("latency")]
    assert report.notes == ("not measured and not audited: --no-latency", PEAK)


def warnings(report: Report) -> list[str]:
    return [note for note in report.notes if note.startswith("warning: ")]


QUIET = 238 * 239 / 2 / 1_000  # ms: what the made-up layers of efficientnet-b0 sum to


def with_bench(fake: FakeBench, **changed: Any) -> None:
    fake.bench = replace(fake.bench, **changed)


def test_a_quiet_measurement_has_notes_and_no_warnings(network: OpenNetwork, fake: FakeBench) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[QUIET] * 8))
    report = profile(network, execution=Execution(allocator=Allocator.SYSTEM), latency=request())
    assert report.notes == (
        "device: cpu (a CPU), 2 threads, torch 2.6",
        (
            "samples: 8 plain and 8 stamped passes in turn after 8 of each to warm up, 2.0 s; end to end is their "
            "median, with 95 % confidence within 0.0 % for this process; a layer is a midmean"
        ),
        (
            f"audit: closed forms and fvcore agree on all {len(network.plan.ops)} ops: 385,814,752 MAC an image, "
            "5,288,548 params"
        ),
        PEAK,
    )


def test_an_unsteady_warm_up_is_told(network: OpenNetwork, fake: FakeBench) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[QUIET] * 8, steady=False))
    assert warnings(profile(network, latency=request())) == [
        "warning: the time was not stable at the end of the warm-up; the machine may be busy"
    ]


@pytest.mark.parametrize(("share", "side"), [(0.9, "11.1 % more"), (1.1, "9.1 % less")])
def test_layers_that_do_not_add_up_are_told(network: OpenNetwork, fake: FakeBench, share: float, side: str) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[share * QUIET] * 8))
    assert warnings(profile(network, latency=request())) == [
        f"warning: the layers sum to {side} than end to end; measure again"
    ]


def test_a_wide_interval_is_told(network: OpenNetwork, fake: FakeBench) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[0.92 * QUIET, QUIET, 1.08 * QUIET] * 2))
    assert warnings(profile(network, latency=request())) == [
        "warning: the machine was too noisy: the end-to-end median is known to 8.0 % only"
    ]


def test_an_interval_that_is_too_wide_is_no_usable_result(network: OpenNetwork, fake: FakeBench) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[0.8 * QUIET, QUIET, 1.2 * QUIET] * 2))
    report = profile(network, latency=request())
    assert warnings(report) == []
    assert report.notes[0] == (
        f"no usable result: the 95 % interval, {0.8 * QUIET:.3g} to {1.2 * QUIET:.3g} ms, is wider than 20 % of the "
        "latency; measure with --processes 5"
    )
    assert "latency_ms" not in report.totals
    assert report.measurement["usable"] is False
    whole = {row["name"]: row for row in report.sections["latency"].rows}["end to end"]
    assert figure(whole, "latency_ms") == pytest.approx(QUIET)


BUSY = "warning: the machine was busy: "
ALONE = replace(Load(), before=9.0, others_share=0.0, stolen_share=0.0)


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(("allocator", "notes"), [(Allocator.KEEP, 1), (Allocator.SYSTEM, 0)])
def test_a_report_mentions_that_memory_is_kept(allocator: Allocator, notes: int, network: OpenNetwork) -> None:
    report = profile(network, execution=Execution(allocator=allocator), latency=request())
    assert sum(note.startswith("allocator: memory that a pass frees is kept ") for note in report.notes) == notes
    assert report.provenance.settings["allocator"] == allocator.value


def test_page_faults_are_told_where_there_are_many(network: OpenNetwork, fake: FakeBench) -> None:
    for faults, told in ((None, 0), (99.0, 0), (2_320.4, 1)):
        with_bench(fake, measurement=replace(fake.bench.measurement, page_faults=faults))
        report = profile(network, latency=request())
        notes = [note for note in report.notes if note.startswith("faults: 2,320 page faults a pass, ")]
        assert len(notes) == told
        assert report.measurement.get("page_faults") == faults


@pytest.mark.parametrize(
    ("device", "load", "expected"),
    [
        ("cpu", Load(before=1.9), []),
        ("cpu", Load(before=2.0), [f"{BUSY}load average 2.00 on 4 cores before measuring began"]),
        ("cpu", Load(), []),
        ("cuda:0", Load(before=9.0), [f"warning: {LAUNCHES_ONLY}"]),
        ("cpu", ALONE, []),
        ("cpu", replace(ALONE, others_share=0.09), []),
        ("cpu", replace(ALONE, others_share=0.3), [f"{BUSY}others took 30 % of the time of its 4 cores meanwhile"]),
        (
            "cpu",
            replace(ALONE, others_share=0.06, stolen_share=0.07),
            [f"{BUSY}others took 13 % of the time of its 4 cores meanwhile"],
        ),
        ("cuda:0", replace(ALONE, others_share=0.9), [f"warning: {LAUNCHES_ONLY}"]),
    ],
)
def test_a_busy_machine_is_told_where_it_matters(
    network: OpenNetwork,
    fake: FakeBench,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    load: Load,
    expected: list[str],
) -> None:
    monkeypatch.setattr("mbconv_cli.analysis.measuring.host_fingerprint", lambda: {"usable_cores": 4})
    monkeypatch.setattr("mbconv_cli.analysis.profile.measurement_notes.usable_cores", lambda: frozenset(range(4)))
    measurement = replace(fake.bench.measurement, end_to_end=[QUIET] * 8, load=load)
    with_bench(fake, machine=fake.bench.machine | {"device": device}, measurement=measurement)
    assert warnings(profile(network, latency=request())) == expected


def labelled(report: Report, label: str) -> list[str]:
    return [note for note in report.notes if note.startswith(f"{label}: ")]


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (Load(), []),
        (Load(before=0.5, after=1.5), ["load: cores 0-2,5; load average 0.50 before and 1.50 after"]),
        (
            Load(0.5, 1.5, 0.02, 0.01),
            [
                (
                    "load: cores 0-2,5; load average 0.50 before and 1.50 after; other processes took 2 % of the "
                    "cores' time, and the host of this machine kept 1 %"
                )
            ],
        ),
    ],
)
def test_the_load_is_told_as_far_as_it_is_known(
    network: OpenNetwork, fake: FakeBench, monkeypatch: pytest.MonkeyPatch, load: Load, told: list[str]
) -> None:
    monkeypatch.setattr("mbconv_cli.analysis.profile.measurement_notes.usable_cores", lambda: frozenset({0, 1, 2, 5}))
    with_bench(fake, measurement=replace(fake.bench.measurement, load=load))
    assert labelled(profile(network, latency=request()), "load") == told


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (
            StampCost(30e-6, 110e-6),
            "clock: resolution 0.03 us; a stamp costs 0.11 us, and the 238 of a pass 0.24 % of it",
        ),
        (
            StampCost(math.inf, 0.0),
            "clock: resolution too coarse to be seen; a stamp costs 0 us, and the 238 of a pass 0 % of it",
        ),
    ],
)
def test_what_the_clock_is_worth_is_told(network: OpenNetwork, fake: FakeBench, cost: StampCost, told: str) -> None:
    with_bench(fake, measurement=replace(fake.bench.measurement, stamp_cost=cost))
    assert labelled(profile(network, latency=request()), "clock") == [told]


def test_a_precision_that_was_not_reached_is_told(network: OpenNetwork, fake: FakeBench) -> None:
    measurement = replace(fake.bench.measurement, end_to_end=[0.98 * QUIET, QUIET, 1.02 * QUIET] * 2)
    for asked, told in ((0.02, "within 2.0 % for this process; "), (0.01, "within 2.0 % for this process, where 1 % ")):
        with_bench(fake, measurement=replace(measurement, precision_asked=asked))
        (samples,) = labelled(profile(network, latency=request()), "samples")
        assert told in samples


def test_an_interrupted_measurement_is_marked_incomplete(network: OpenNetwork, fake: FakeBench) -> None:
    measurement = replace(fake.bench.measurement, end_to_end=[QUIET] * 8)
    with_bench(fake, measurement=measurement)
    assert profile(network, latency=request()).measurement["complete"] is True
    with_bench(fake, measurement=replace(measurement, interrupted=True))
    report = profile(network, latency=request())
    assert report.measurement["complete"] is False
    assert warnings(report) == ["warning: incomplete: interrupted after 8 rounds, 2.0 s"]


def test_figures_of_the_measurement_leave_out_what_is_not_known(network: OpenNetwork, fake: FakeBench) -> None:
    figures = {
        "complete": True,
        "processes": 1,
        "processes_left_out": 0,
        "rounds": 8,
        "warm_up_rounds": 8,
        "steady": True,
        "seconds": 2.0,
        "usable": True,
        "precision": 1 / 11,
    }
    assert without_affinity(profile(network, latency=request())) == figures
    told = replace(
        fake.bench.measurement,
        precision_asked=0.02,
        load=Load(0.5, 1.5, 0.02, 0.01),
        stamp_cost=StampCost(30e-6, 110e-6),
        host=[HostTimes(enqueue=5.5, wall=12.0)] * 8,
    )
    with_bench(fake, measurement=told)
    assert without_affinity(profile(network, latency=request())) == figures | {
        "precision_asked": 0.02,
        "load_average_before": 0.5,
        "load_average_after": 1.5,
        "others_share": 0.02,
        "stolen_share": 0.01,
        "enqueue_share": pytest.approx(0.5),
        "clock_resolution_ms": 30e-6,
        "stamp_ms": 110e-6,
    }


def without_affinity(report: Report) -> dict[str, Cell]:
    """The figures of the measurement, but for those of the machine that runs the test."""
    assert report.measurement["affinity"]
    return {key: value for key, value in report.measurement.items() if key != "affinity"}


def test_samples_are_those_of_the_plain_passes_in_their_order(network: OpenNetwork, fake: FakeBench) -> None:
    assert fake.bench.measurement.end_to_end == END_TO_END
    assert profile(network, latency=request()).samples == {"latency_ms": tuple(END_TO_END)}
    assert profile(network).samples == {}


def latency_rows(report: Report) -> dict[Cell, Row]:
    return {row["name"]: row for row in report.sections["latency"].rows}


def test_percentiles_follow_where_there_are_samples_enough(network: OpenNetwork, fake: FakeBench) -> None:
    mixed = [1.0 + 77 * index % 200 for index in range(200)]
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=mixed))
    rows = latency_rows(profile(network, latency=request()))
    assert list(rows)[4:] == ["end to end, p90", "end to end, p95"]
    assert figure(rows["end to end, p90"], "latency_ms") == 180
    assert figure(rows["end to end, p90"], "latency_share") == pytest.approx(180 / 100.5)
    assert 180 < figure(rows["end to end, p90"], "latency_ms_high") <= 200


@pytest.mark.parametrize(("enqueue", "bound"), [(0.5, False), (0.89, False), (0.9, True), (1.2, True)])
def test_an_accelerator_tells_what_the_host_saw_and_if_it_waited_for_it(
    network: OpenNetwork, fake: FakeBench, enqueue: float, bound: bool
) -> None:
    host = [HostTimes(enqueue=enqueue * QUIET + 1e-9, wall=1.5 * QUIET)] * 8
    with_bench(fake, measurement=replace(fake.bench.measurement, end_to_end=[QUIET] * 8, host=host))
    report = profile(network, latency=request())
    rows = latency_rows(report)
    assert figure(rows["end to end"], "latency_ms") == QUIET
    assert figure(rows["wall time, by the host"], "latency_ms") == pytest.approx(1.5 * QUIET)
    assert figure(rows["enqueuing, by the host"], "latency_ms") == pytest.approx(enqueue * QUIET)
    assert len(labelled(report, "events")) == 1
    expected = (
        f"warning: launch-bound: the device waited for the host, which took {100 * enqueue:.0f} % of its time to hand "
        "the work over; all times are those of launching; a larger batch, or --mode cudagraph on CUDA, shows the "
        "device's own"
    )
    assert warnings(report) == ([expected] if bound else [])


def test_a_failed_audit_names_every_op_and_both_counts(network: OpenNetwork, fake: FakeBench) -> None:
    failed = replace(
        fake.bench.audit,
        params=5,
        expected_params=6_000,
        disagreements=(Disagreement("stem.conv", 10_838_016, 1_000), Disagreement("head.conv", 7, 0)),
        unknown=(("aten::erf", 2),),
    )
    with_bench(fake, audit=failed)
    with pytest.raises(CheckFailedError) as caught:
        profile(network, latency=request())
    assert caught.value.exit_code == 1
    assert caught.value.sentences == (
        "audit: fvcore's count of the built module is not that of the closed forms",
        "  stem.conv: 10,838,016 MAC in closed form, 1,000 by fvcore",
        "  head.conv: 7 MAC in closed form, 0 by fvcore",
        "  aten::erf: met 2 times, and in no table of what counts",
        "  params: 6,000 in closed form, 5 in the module",
    )


def test_provenance_tells_the_machine_and_the_spec(network: OpenNetwork, fake: FakeBench) -> None:
    provenance = profile(network, latency=request()).provenance
    assert fake.bench.machine.items() <= provenance.machine.items()
    assert provenance.spec_sha256 == profile(network).provenance.spec_sha256
    assert provenance.settings == Execution().settings()


def test_the_subject_is_the_batch(network: OpenNetwork) -> None:
    assert profile(network, execution=Execution(batch_size=4)).subject == {
        "name": NETWORK,
        "input_shape": (4, 3, 224, 224),
        "dtype": "float32",
    }
