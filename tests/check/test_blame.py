from __future__ import annotations

import pytest

from mbconv_cli.check.blame import blame, changed_paths
from mbconv_cli.check.metrics import exact_metrics, stage_metric
from mbconv_cli.check.selection import ReadNetwork
from mbconv_cli.plan.planner import make_plan, plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load, load_text

NET = """\
family: any
input: {resolution: 32}
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8, num_repeat: 2}
  - {kernel_size: 3, expand_ratio: 2, output_filters: 16, stride: 2}
head: {output_filters: 32}
classifier: {num_classes: 10}
"""


def read(text: str) -> ReadNetwork:
    loaded = load_text(text, "net.yaml")
    return ReadNetwork(loaded, plan_loaded(loaded))


def blamed(new: str, metric: str = "params") -> tuple[int, int] | None:
    mark = blame(read(NET), read(new), stage_metric(metric))
    return (mark.line, mark.column) if mark else None


def test_the_key_that_changed() -> None:
    assert blamed(NET.replace("num_repeat: 2", "num_repeat: 3")) == (5, 58)
    assert blamed(NET.replace("num_classes: 10", "num_classes: 11")) == (8, 14)


def test_of_several_changes_the_one_that_costs_most() -> None:
    new = NET.replace("num_repeat: 2", "num_repeat: 1").replace("num_classes: 10", "num_classes: 1000")
    assert blamed(new) == (8, 14)
    new = NET.replace("{output_filters: 8}", "{output_filters: 9}").replace("num_repeat: 2", "num_repeat: 7")
    assert blamed(new, "macs") == (5, 58)


def test_a_key_that_was_added_and_a_row_that_was_inserted() -> None:
    assert blamed(NET.replace("stride: 2}", "stride: 2, se_ratio: 0.25}")) == (6, 70)
    row = "  - {kernel_size: 5, expand_ratio: 2, output_filters: 8}\n"
    assert blamed(NET.replace("blocks:\n", f"blocks:\n{row}")) == (5, 6)


def test_a_key_that_was_taken_away_is_blamed_on_what_is_around_it() -> None:
    assert blamed(NET.replace(", stride: 2", ""), "macs") == (6, 5)
    assert blamed(NET.replace("stem: {output_filters: 8}\n", "stem: {output_filters: 8}\nactivation: relu6\n")) == (
        4,
        1,
    )


def test_what_costs_nothing_is_not_blamed() -> None:
    assert blamed(NET.replace("family: any", "family: other")) is None


def test_changed_paths_tell_one_from_true() -> None:
    assert list(changed_paths({"a": {"b": 1}}, {"a": {"b": True}})) == [("a", "b")]


@pytest.mark.parametrize("metric", ["params", "macs", "flops", "bytes", "peak_bytes"])
def test_stages_make_up_the_whole(metric: str) -> None:
    plan = read(NET).plan
    joined = max if metric == "peak_bytes" else sum
    stages = stage_metric(metric)(plan).values()
    whole = exact_metrics(plan)[metric]
    assert joined(stages) * (4 if metric == "peak_bytes" else 1) == whole


def test_exact_metrics_are_those_that_files_expect() -> None:
    for name in ("efficientnet-b0", "mobilenet-v3-small", "resnet-50"):
        loaded = load(str(shipped()[name]))
        assert loaded.spec.expect is not None
        found = exact_metrics(make_plan(loaded.spec))
        assert (found["params"], found["macs"]) == (loaded.spec.expect.params, loaded.spec.expect.macs)
