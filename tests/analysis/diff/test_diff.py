"""Two networks compared: what is told, and that the differences add up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbconv_cli.analysis.diff.diff import Diff, DiffBy, diff
from mbconv_cli.analysis.diff.references import open_both
from mbconv_cli.analysis.diff.stored_profiles import stored_profile
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.report.document import from_json, to_json
from mbconv_cli.report.model import Cell, Report, Row
from mbconv_cli.spec.catalogue import shipped, user_catalogue
from mbconv_cli.spec.inverted_residual_rows import MBConv
from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.spec import Spec

NAMES = st.sampled_from(sorted(name for name in shipped() if "b7" not in name))
SUMMED = ("params", "macs", "bytes")


def network(spec: Spec) -> OpenNetwork:
    return OpenNetwork(spec, make_plan(spec))


def changed(name: str, *overrides: str) -> Diff:
    return diff(open_network(name), open_network(name, overrides=overrides))


def rows(found: Diff, section: str = "blocks") -> list[Row]:
    return [row for row in found.report.sections[section].rows if row["status"] != "same"]


def summed(rows: Sequence[Row], key: str) -> int:
    return sum(cell for row in rows if isinstance(cell := row[key], int))


@settings(max_examples=25)
@given(NAMES, NAMES, st.sampled_from(DiffBy), st.integers(1, 3))
def test_differences_add_up_to_that_of_the_totals(base: str, head: str, by: DiffBy, batch_size: int) -> None:
    old, new = open_network(base), open_network(head)
    report = diff(old, new, by=by, batch_size=batch_size).report
    totals = {row["metric"]: row for row in report.sections["totals"].rows}
    for key in SUMMED:
        difference = summed(report.sections[by.section].rows, f"{key}_difference")
        assert difference == totals[key]["difference"] == report.totals[f"{key}_difference"]
    assert totals["macs"]["base"] == batch_size * total(plan_costs(old.plan)).macs
    assert totals["bytes"]["head"] == total(plan_costs(new.plan)).bytes(batch_size, 4)
    assert totals["peak_bytes"]["head"] == 4 * batch_size * peak(new.plan).activations
    assert totals["flops"]["difference"] == 2 * summed(report.sections[by.section].rows, "macs_difference")


@settings(max_examples=15)
@given(NAMES, st.sampled_from(DiffBy))
def test_a_network_does_not_differ_from_itself(name: str, by: DiffBy) -> None:
    found = diff(open_network(name), open_network(name), by=by)
    assert not found.differs
    assert rows(found, by.section) == []
    assert "options" not in found.report.sections
    assert found.report.notes == ("identical plan: both compute the same, op by op",)


@settings(max_examples=25)
@given(
    st.sampled_from(["efficientnet-b0", "mobilenet-v2", "mnasnet-a1"]),
    st.integers(0, 7),
    st.integers(1, 4),
    st.sampled_from([3, 5, 7]),
)
def test_an_inserted_row_is_inserted_blocks_and_nothing_else(name: str, at: int, repeat: int, kernel: int) -> None:
    """The row keeps the channels and the extent, so that what follows stays as it is; it is like no other row."""
    spec = open_network(name).spec
    at = min(at, len(spec.blocks))
    channels = spec.filters_into(at)
    row = MBConv(kernel_size=(kernel,), output_filters=channels, expand_ratio=2.5, num_repeat=repeat)
    head = network(spec.model_copy(update={"blocks": (*spec.blocks[:at], row, *spec.blocks[at:])}))
    found = diff(network(spec), head)
    assert [(told["name"], told["status"]) for told in rows(found)] == [
        (f"stages.{at}.{index}", "inserted") for index in range(repeat)
    ]
    backwards = diff(head, network(spec))
    assert {told["status"] for told in rows(backwards)} == {"removed"}
    (stage,) = rows(diff(network(spec), head, by=DiffBy.STAGE), "stages")
    assert (stage["name"], stage["status"]) == (f"stages.{at}", "inserted")


def test_what_changed_is_told_by_the_options_of_yaml() -> None:
    found = changed(
        "efficientnet-b0", "blocks[2].kernel_size=3", "blocks[5].se_ratio=0", "blocks[6].output_filters=384"
    )
    assert [(row["option"], row["base"], row["head"]) for row in found.report.sections["options"].rows] == [
        ("blocks[2].kernel_size", "5", "3"),
        ("blocks[5].se_ratio", "0.25", "0"),
        ("blocks[6].output_filters", "320", "384"),
    ]
    told = {row["name"]: row["what"] for row in rows(found)}
    assert told["stages.2.1"] == "kernel_size 5 -> 3"
    assert told["stages.5.3"] == "se_ratio 0.25 -> 0"
    assert told["stages.6.0"] == "output_filters 320 -> 384"
    assert told["head"] == "input_filters 320 -> 384"
    assert len(told) == 2 + 4 + 2


def test_a_setting_of_the_whole_network_is_told_where_it_acts() -> None:
    told = {row["name"]: row["what"] for row in rows(changed("mnasnet-a1", "se.gate=hard_sigmoid"))}
    assert set(told.values()) == {"se.gate sigmoid -> hard_sigmoid"}
    assert "stem" not in told
    everywhere = rows(changed("mnasnet-a1", "norm.eps=0.01"))
    assert {row["what"] for row in everywhere if row["name"] != "classifier"} == {"norm.eps 1e-05 -> 0.01"}


def test_scaled_filters_are_told_as_they_are_built() -> None:
    told = {row["name"]: row["what"] for row in rows(changed("mobilenet-v2", "scaling.width=1.4"))}
    assert told["stem"] == "output_filters 32 -> 48"
    assert "output_filters 16 -> 24" in str(told["stages.0.0"])


def test_one_more_repeat_is_one_inserted_block() -> None:
    found = changed("efficientnet-b0", "blocks[3].num_repeat=4")
    (row,) = rows(found)
    assert (row["name"], row["status"], row["what"]) == ("stages.3.3", "inserted", "MBConv6, k3x3, SE")


def test_blocks_that_moved_are_the_same_under_another_name() -> None:
    spec = open_network("efficientnet-b0").spec
    row = spec.blocks[3]
    halves = tuple(row.model_copy(update={"num_repeat": repeat}) for repeat in (1, 2))
    second = halves[1].model_copy(update={"stride": (1, 1), "input_filters": 80})
    found = diff(
        network(spec),
        network(spec.model_copy(update={"blocks": (*spec.blocks[:3], halves[0], second, *spec.blocks[4:])})),
    )
    assert found.differs
    assert rows(found) == []
    assert found.report.notes == ("the same ops, under other names",)


def without_input_filters(row: BlockRow) -> BlockRow:
    return row.model_copy(update={"input_filters": None})


def test_where_a_row_with_other_channels_comes_or_goes_its_neighbour_changes_alone() -> None:
    spec = open_network("efficientnet-b0").spec
    rows_before, following, rows_after = spec.blocks[:4], without_input_filters(spec.blocks[5]), spec.blocks[6:]
    shorter = network(spec.model_copy(update={"blocks": (*rows_before, following, *rows_after)}))
    assert [(row["name"], row["status"], row["what"]) for row in rows(diff(network(spec), shorter))] == [
        ("stages.4.0", "removed", "MBConv6, k5x5, SE"),
        ("stages.4.1", "removed", "MBConv6, k5x5, SE"),
        ("stages.4.2", "removed", "MBConv6, k5x5, SE"),
        ("stages.4.0", "changed", "input_filters 112 -> 80"),
    ]
    assert [(row["name"], row["status"], row["what"]) for row in rows(diff(shorter, network(spec)))] == [
        ("stages.4.0", "inserted", "MBConv6, k5x5, SE"),
        ("stages.4.1", "inserted", "MBConv6, k5x5, SE"),
        ("stages.4.2", "inserted", "MBConv6, k5x5, SE"),
        ("stages.5.0", "changed", "input_filters 80 -> 112"),
    ]


def test_layers_of_a_changed_block() -> None:
    found = diff(
        open_network("mnasnet-a1"), open_network("mnasnet-a1", overrides=["blocks[2].se_ratio=0"]), by=DiffBy.LAYER
    )
    assert {row["status"] for row in rows(found, "layers")} == {"removed"}
    assert {str(row["name"]).split(".")[3] for row in rows(found, "layers")} == {"se"}
    kernel = diff(
        open_network("mnasnet-a1"), open_network("mnasnet-a1", overrides=["blocks[0].kernel_size=5"]), by=DiffBy.LAYER
    )
    (row,) = rows(kernel, "layers")
    assert (row["name"], row["status"]) == ("stages.0.0.depthwise.conv", "changed")
    assert str(row["what"]).startswith("kernel_size 3x3 -> 5x5")


def stored(name: str, *overrides: str, batch_size: int = 1) -> Report:
    return profile(open_network(name, overrides=overrides), execution=Execution(batch_size=batch_size))


def test_a_stored_profile_gives_the_same_differences_as_the_network_itself() -> None:
    base, head = open_network("efficientnet-b0"), open_network("mnasnet-a1")
    known = diff(base, head).report
    kept = stored_profile(to_json(stored("efficientnet-b0")), "b0.json")
    for first, second in ((kept, head), (base, stored_profile(to_json(stored("mnasnet-a1")), "a1.json"))):
        found = diff(first, second)
        assert found.differs
        assert found.report.totals == known.totals
        assert summed(found.report.sections["blocks"].rows, "macs_difference") == known.totals["macs_difference"]
        assert "options" not in found.report.sections


def test_a_stored_profile_of_the_same_network_is_identical_and_one_of_another_is_not() -> None:
    kept = stored_profile(to_json(stored("mnasnet-a1")), "a1.json")
    assert not diff(kept, open_network("mnasnet-a1")).differs
    other = diff(kept, open_network("mnasnet-a1", overrides=["activation=relu6"]))
    assert other.differs
    assert "the digests of the specs differ" in other.report.notes[0]


def test_what_a_stored_profile_tells_of_a_change() -> None:
    kept = stored_profile(to_json(stored("mnasnet-a1")), "a1.json")
    head = open_network("mnasnet-a1", overrides=["blocks[0].kernel_size=5", "blocks[2].se_ratio=0"])
    told = {row["name"]: row["what"] for row in rows(diff(kept, head))}
    assert told["stages.0.0"] == "in depthwise.conv"
    assert str(told["stages.2.0"]).startswith("roles [expand, depthwise, se, project]")


def test_a_stored_profile_keeps_its_batch() -> None:
    kept = stored_profile(to_json(stored("mnasnet-a1", batch_size=4)), "a1.json")
    assert diff(kept, open_network("mnasnet-a1")).report.subject["input_shape"] == (4, 3, 224, 224)
    with pytest.raises(InputError, match="batches of 2 and 4 images cannot be compared"):
        diff(kept, open_network("mnasnet-a1"), batch_size=2)
    with pytest.raises(InputError, match="batches of 1 and 4 images"):
        diff(kept, stored_profile(to_json(stored("mnasnet-a1")), "b.json"))


def request(launch: list[Request]) -> MeasureRequest:
    def run(wanted: Request, _: Progress) -> Outcome:
        launch.append(wanted)
        times = tuple(float(len(plan.ops)) for plan in wanted.sets[0])
        machine: dict[str, Cell] = {"device": "cpu", "device_name": "a CPU", "threads": 1, "torch": "2"}
        return Outcome((times,), (tuple(time / times[0] for time in times),), (8,), machine)

    return MeasureRequest(DeviceChoice("cpu"), None, 3, lambda _: None, run)


def test_measured_both_take_turns() -> None:
    launched: list[Request] = []
    base, head = open_network("mobilenet-v2"), open_network("mnasnet-a1")
    report = diff(base, head, measure=request(launched), batch_size=2).report
    assert [wanted.sets for wanted in launched] == [((base.plan, head.plan),)] * 3
    assert launched[0].batch_size == 2
    first, second = report.sections["latency"].rows
    assert "latency_ratio" not in first
    assert second["latency_ratio"] == pytest.approx(len(head.plan.ops) / len(base.plan.ops))
    assert "latency_ratio_low" in second
    assert report.provenance.machine["device"] == "cpu"


def test_identical_plans_and_stored_profiles_are_not_measured() -> None:
    launched: list[Request] = []
    same = open_network("mobilenet-v2")
    report = diff(same, same, measure=request(launched)).report
    assert "latency: not measured, since the plans are identical" in report.notes
    kept = stored_profile(to_json(stored("mnasnet-a1")), "a1.json")
    with pytest.raises(InputError, match="--measure: HEAD is a stored profile"):
        diff(same, kept, measure=request(launched))
    assert launched == []


def test_both_from_standard_input() -> None:
    with pytest.raises(InputError, match="- for both"):
        open_both("-", "-", user_catalogue())


def test_the_report_survives_its_json(tmp_path: Path) -> None:
    report = changed("mnasnet-a1", "blocks[2].se_ratio=0").report
    assert from_json(to_json(report), str(tmp_path)) == report
