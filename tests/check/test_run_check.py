from __future__ import annotations

import math
import random
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import CountRule, load_config
from mbconv_cli.check.exact_judgement import judge_exact
from mbconv_cli.check.measured_judgement import _ms_text, _ratio_text
from mbconv_cli.check.metrics import EXACT, exact_metrics
from mbconv_cli.check.run_check import Checked, check
from mbconv_cli.check.sides import Against, StoredBaseline
from mbconv_cli.check.take_baseline import take_baseline
from mbconv_cli.errors import CheckFailedError, InputError, UndecidedError
from mbconv_cli.git.revisions import Revision, resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request
from mbconv_cli.measure.statistics.control_variate import COEFFICIENT
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.report.baseline import Baseline
from mbconv_cli.report.document import from_json, to_json
from mbconv_cli.report.model import Cell, Row
from mbconv_cli.report.verdict import CHECK_COLUMNS, Verdict
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.loader import load_text
from tests.repositories import new_repository

NET = """\
input: {resolution: 16}
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, expand_ratio: 6, output_filters: 8}
"""
MACHINE: dict[str, Cell] = {"torch": "2", "threads": 1, "device": "cpu", "device_name": "a CPU"}
OLD_MS = 10.0


class FakeProcesses:
    """Launches nothing: the last candidate of a set takes `slower` times as long as others, give or take a noise."""

    def __init__(self, slower: float = 1.0, noise: float = 0.005, reference_ms: float | None = None) -> None:
        self.slower, self.noise, self.order = slower, noise, random.Random(4)
        self.reference = () if reference_ms is None else ((reference_ms, reference_ms),)
        self.requests: list[Request] = []

    def __call__(self, request: Request, _: Progress) -> Outcome:
        self.requests.append(request)
        times = [tuple(self._times(len(plans))) for plans in request.sets]
        ratios = [tuple(one / ones[0] for one in ones) for ones in times]
        reference = tuple(self.reference for _ in times)
        return Outcome(tuple(times), tuple(ratios), tuple(9 for _ in times), dict(MACHINE), reference=reference)

    def _times(self, count: int) -> list[float]:
        times = [OLD_MS] * (count - 1) + [OLD_MS * self.slower]
        return [time * math.exp(self.order.gauss(0, self.noise)) for time in times]


def rows_of(checked: Checked) -> dict[tuple[str, str], Row]:
    return {(str(row["network"]), str(row["metric"])): row for row in checked.report.sections["checks"].rows}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Checked]:
    """Checks a folder with some networks under a config."""

    def run(
        config: str,
        networks: Mapping[str, str],
        against: Against | None = None,
        launch: FakeProcesses | None = None,
    ) -> Checked:
        (tmp_path / "c.yaml").write_text(config, encoding="utf-8")
        for name, text in networks.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        measure = MeasureRequest(DeviceChoice("cpu"), 1, 10, lambda _: None, launch or FakeProcesses())
        return check(load_config(tmp_path / "c.yaml"), against, Catalogue(), measure)

    return run


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., StoredBaseline]:
    """The baseline of a folder with some networks, measured where a launcher is given."""

    def kept(networks: Mapping[str, str], launch: FakeProcesses | None = None) -> StoredBaseline:
        folder = tmp_path / "old"
        folder.mkdir()
        (folder / "config").write_text("networks: ['*.yaml']\n", encoding="utf-8")
        for name, text in networks.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        measure = MeasureRequest(DeviceChoice("cpu"), 1, 10, lambda _: None, launch) if launch else None
        baseline = take_baseline(load_config(folder / "config"), Catalogue(), measure)
        return StoredBaseline(baseline, folder / "b.json")

    return kept


ALL = "networks: ['[ab]*.yaml']\n"


def test_budgets_alone_need_no_base(run: Callable[..., Checked]) -> None:
    config = ALL + "metrics: {params: {max: 500}, macs: {max: 10k}, bytes: {max_increase: 0}}\n"
    checked = run(config, {"alpha": NET})
    rows = rows_of(checked)
    assert rows["alpha", "params"]["verdict"] == "fail"
    assert rows["alpha", "params"]["limit"] == "max 500"
    assert "over the budget of 500" in str(rows["alpha", "params"]["message"])
    assert ("alpha", "bytes") not in rows
    assert any("max_increase is not checked" in note for note in checked.report.notes)
    assert isinstance(checked.error, CheckFailedError)


def test_a_config_that_checks_nothing_is_refused(run: Callable[..., Checked]) -> None:
    with pytest.raises(InputError, match="nothing to check"):
        run(ALL + "metrics: {params: {max_increase: 0}}", {"alpha": NET})
    with pytest.raises(InputError, match="params of alpha has neither"):
        run(ALL + "metrics: {params: {level: warn}}", {"alpha": NET})


def test_more_params_than_the_baseline_fail_and_fewer_are_told(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base = kept({"alpha": NET, "beta": NET})
    wider, narrower = (NET.replace("output_filters: 8}", f"output_filters: {n}}}") for n in (9, 4))
    checked = run(
        ALL + "metrics: {params: {max_increase: 0}, flops: {max_increase: 500%}}",
        {"alpha": wider, "beta": narrower},
        base,
    )
    rows = rows_of(checked)
    assert rows["alpha", "params"]["verdict"] == "fail"
    assert (rows["alpha", "params"]["line"], rows["alpha", "params"]["column"]) == (1, 1)
    assert "fewer params" in str(rows["beta", "params"]["message"])
    assert rows["beta", "params"]["change"] < 0  # type: ignore[operator]
    assert rows["alpha", "flops"]["verdict"] == "pass"
    assert checked.report.totals == {
        "passed": 3,
        "failed": 1,
        "warned": 0,
        "inconclusive": 0,
        "not_comparable": 0,
        "errors": 0,
    }


def test_a_warning_fails_nothing_and_off_checks_nothing(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base = kept({"alpha": NET})
    wider = NET.replace("output_filters: 8", "output_filters: 16")
    checked = run(
        ALL + "metrics: {params: {max_increase: 0, level: warn}, macs: {max_increase: 0, level: off}}",
        {"alpha": wider},
        base,
    )
    assert checked.error is None
    assert checked.report.totals["warned"] == 1
    assert rows_of(checked)["alpha", "macs"]["verdict"] == "off"


@pytest.mark.parametrize(("missing", "verdict", "failed"), [("fail", "missing", 2), ("allow", "pass", 0)])
def test_a_network_on_one_side_only(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline], missing: str, verdict: str, failed: int
) -> None:
    base = kept({"beta": NET.replace("16", "32")})
    config = ALL + f"metrics: {{params: {{max: 1M, max_increase: 0}}}}\nmissing: {missing}\n"
    checked = run(config, {"alpha": NET}, base)
    rows = rows_of(checked)
    assert rows["alpha", "spec"]["verdict"] == rows["beta", "spec"]["verdict"] == verdict
    assert rows["alpha", "params"]["verdict"] == "pass"  # its budget holds all the same
    assert checked.report.totals["failed"] == failed


@pytest.mark.parametrize(
    ("policies", "added", "removed"),
    [
        ("", ("missing", "warn"), ("missing", "error")),
        ("added: allow\nremoved: warn\n", ("pass", "error"), ("missing", "warn")),
        ("missing: allow\nadded: fail\n", ("missing", "error"), ("pass", "error")),
        ("added: warn\nremoved: allow\n", ("missing", "warn"), ("pass", "error")),
    ],
)
def test_added_and_removed_have_policies_of_their_own(
    run: Callable[..., Checked],
    kept: Callable[..., StoredBaseline],
    policies: str,
    added: tuple[str, str],
    removed: tuple[str, str],
) -> None:
    base = kept({"beta": NET.replace("16", "32")})
    rows = rows_of(run(ALL + f"metrics: {{params: {{max_increase: 0}}}}\n{policies}", {"alpha": NET}, base))
    assert (rows["alpha", "spec"]["verdict"], rows["alpha", "spec"]["level"]) == added
    assert (rows["beta", "spec"]["verdict"], rows["beta", "spec"]["level"]) == removed
    assert isinstance(rows["alpha", "params"]["head"], int)  # its figures are shown, though nothing bounds them


def test_a_renamed_network_is_compared_with_what_it_was(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base = kept({"beta": NET})
    checked = run(ALL + "metrics: {params: {max_increase: 0}}\n", {"alpha": NET}, base)
    rows = rows_of(checked)
    assert checked.error is None
    assert rows["alpha", "spec"]["message"] == "renamed from beta.yaml"
    assert rows["alpha", "params"]["base"] == rows["alpha", "params"]["head"]
    assert not any(network == "beta" for network, _ in rows)


def test_a_metric_that_the_baseline_lacks(run: Callable[..., Checked], kept: Callable[..., StoredBaseline]) -> None:
    base = kept({"alpha": NET})
    network = base.baseline.networks["alpha.yaml"]
    without = network.model_copy(update={"metrics": {"params": network.metrics["params"]}})
    base = replace(base, baseline=base.baseline.model_copy(update={"networks": {"alpha.yaml": without}}))
    config = ALL + "metrics: {macs: {max_increase: 0}, latency_ms: {max_increase: 3%}}\n"
    rows = rows_of(run(config, {"alpha": NET}, base))
    assert rows["alpha", "macs"]["verdict"] == rows["alpha", "latency_ms"]["verdict"] == "missing"
    rows = rows_of(run(config + "missing: allow\n", {"alpha": NET}, base))
    assert rows["alpha", "macs"]["verdict"] == rows["alpha", "latency_ms"]["verdict"] == "pass"


def test_a_broken_network_is_told_and_the_others_are_checked(run: Callable[..., Checked]) -> None:
    broken = NET.replace("kernel_size", "kernel_sze")
    checked = run(ALL + "metrics: {params: {max: 1}}", {"alpha": NET, "beta": broken})
    rows = rows_of(checked)
    assert rows["alpha", "params"]["verdict"] == "fail"
    assert rows["beta", "spec"]["verdict"] == "error"
    assert (rows["beta", "spec"]["line"], rows["beta", "spec"]["column"]) == (4, 6)
    assert str(rows["beta", "spec"]["file"]).endswith("beta.yaml")
    assert isinstance(checked.error, InputError)
    assert any("beta.yaml:4:6" in problem for problem in checked.error.sentences)


def test_the_report_survives_json(run: Callable[..., Checked]) -> None:
    report = run(ALL + "metrics: {params: {max: 1}}", {"alpha": NET}).report
    assert from_json(to_json(report), "r") == report
    assert set(report.sections["checks"].rows[0]) <= {column.key for column in CHECK_COLUMNS}


def test_networks_of_one_name_are_told_apart_by_their_paths(run: Callable[..., Checked], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "alpha.yaml").write_text(NET, encoding="utf-8")
    rows = rows_of(run("networks: ['**/a*.yaml']\nmetrics: {params: {max: 1M}}", {"alpha": NET}))
    assert {network for network, _ in rows} == {"alpha.yaml", "more/alpha.yaml"}


@pytest.mark.parametrize("entry", ["nonsense-net", "/*.yaml"])
def test_entries_that_select_nothing_that_there_is(run: Callable[..., Checked], entry: str) -> None:
    with pytest.raises(InputError, match=r"c\.yaml:1:12: networks: "):
        run(f"networks: ['{entry}']\nmetrics: {{params: {{max: 1M}}}}", {})


def test_an_override_that_matches_nothing_is_a_warning_in_its_own_row(run: Callable[..., Checked]) -> None:
    config = ALL + "metrics: {params: {max: 1M}}\noverrides:\n  - {match: gamma, metrics: {}}\n"
    checked = run(config, {"alpha": NET})
    row = rows_of(checked)["gamma", "override"]
    assert (row["message"], row["level"], row["line"], row["column"]) == ("no network matches", "warn", 4, 13)
    assert checked.error is None


@given(st.integers(0, 10**12), st.integers(-5, 5), st.integers(0, 400))
def test_increases_are_compared_without_rounding(base: int, beyond: int, quarters: int) -> None:
    """At a limit of so many quarters of a percent, the largest whole number within it passes and the next one fails."""
    rule = CountRule.model_validate({"max_increase": f"{quarters / 4}%"})
    most = base * (400 + quarters) // 400
    head = max(most + beyond, 0)
    found = judge_exact(EXACT["params"], rule, base, head)
    assert found.verdict is (Verdict.FAIL if head > most else Verdict.PASS)


CHANGED = NET.replace("expand_ratio: 6", "expand_ratio: 4")
LATENCY = ALL + "metrics: {latency_ms: {max_increase: 3%}}\n"


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A present machine that is the one of the fake processes."""
    from mbconv_cli.check.conditions import conditions
    from mbconv_cli.machine.fingerprint import host_fingerprint

    present = conditions(host_fingerprint() | MACHINE, batch_size=1)
    monkeypatch.setattr("mbconv_cli.check.conditions.present_conditions", lambda *_: present)


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize(
    ("slower", "verdict", "error"),
    [(1.0, "pass", type(None)), (1.10, "fail", CheckFailedError), (1.05, "inconclusive", UndecidedError)],
)
def test_against_a_baseline_of_a_like_machine(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline], slower: float, verdict: str, error: type
) -> None:
    noise = 0.03 if verdict == "inconclusive" else 0.005
    base = kept({"alpha": NET}, FakeProcesses(noise=noise))
    launch = FakeProcesses(slower, noise)
    checked = run(LATENCY, {"alpha": CHANGED}, base, launch)
    row = rows_of(checked)["alpha", "latency_ms"]
    assert row["verdict"] == verdict, row["message"]
    assert isinstance(checked.error, error)
    assert row["ratio"] == pytest.approx(slower, abs=0.03)
    assert row["processes"] == 10
    assert len(launch.requests) == 10


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize(
    ("then_ms", "now_ms", "slower", "verdict", "ratio"),
    [
        (0.5, 0.55, 1.1**COEFFICIENT, "pass", 1.0),  # a machine that is 10 % slower than when the baseline was taken
        (0.5, 0.5, 1.15, "fail", 1.15),  # a network that is 15 % slower; less than that may be the two runs
        (0.55, 0.5, 1.1, "fail", 1.1 * 1.1**COEFFICIENT),  # slower still on a faster machine
        (None, 0.5, 1.1, "fail", 1.10),  # a baseline of before there was a reference workload
        (0.5, None, 1.1, "fail", 1.10),
        (0.5, 0.95, 1.05 * 1.9**COEFFICIENT, "inconclusive", 1.05),  # so much slower a machine shows nothing about 3 %
    ],
)
def test_the_machines_speed_is_corrected_for_in_comparisons_with_a_baseline(
    run: Callable[..., Checked],
    kept: Callable[..., StoredBaseline],
    then_ms: float | None,
    now_ms: float | None,
    slower: float,
    verdict: str,
    ratio: float,
) -> None:
    base = kept({"alpha": NET}, FakeProcesses(reference_ms=then_ms))
    assert base.baseline.networks["alpha.yaml"].reference_ms == (
        None if then_ms is None else pytest.approx([then_ms] * 10)
    )
    checked = run(LATENCY, {"alpha": CHANGED}, base, FakeProcesses(slower, reference_ms=now_ms))
    row = rows_of(checked)["alpha", "latency_ms"]
    assert row["ratio"] == pytest.approx(ratio, rel=0.01)
    assert row["verdict"] == verdict, row["message"]


@pytest.mark.usefixtures("alike")
def test_another_machine_is_not_comparable_and_nothing_is_measured(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base = kept({"alpha": NET}, FakeProcesses())
    assert base.baseline.fingerprint is not None
    other = base.baseline.model_copy(
        update={"fingerprint": base.baseline.fingerprint | {"cpu": "another", "threads": 8}}
    )
    launch = FakeProcesses()
    checked = run(LATENCY, {"alpha": CHANGED}, replace(base, baseline=other), launch)
    row = rows_of(checked)["alpha", "latency_ms"]
    assert row["verdict"] == "not comparable"
    assert "cpu (another, here" in str(row["message"])
    assert "threads (8, here 1)" in str(row["message"])
    assert "--against" in str(row["message"])
    assert isinstance(checked.error, UndecidedError)
    assert launch.requests == []


def test_an_unchanged_network_is_not_measured_against_a_baseline_of_any_machine(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base, launch = kept({"alpha": NET}, FakeProcesses()), FakeProcesses(2.0)
    checked = run(LATENCY, {"alpha": f"name: another\n{NET}"}, base, launch)
    row = rows_of(checked)["alpha", "latency_ms"]
    assert (row["verdict"], row["message"]) == ("pass", "identical plan as in the baseline")
    assert launch.requests == []


@pytest.mark.usefixtures("alike")
def test_another_input_shape_is_not_comparable(
    run: Callable[..., Checked], kept: Callable[..., StoredBaseline]
) -> None:
    base = kept({"alpha": NET}, FakeProcesses())
    row = rows_of(run(LATENCY, {"alpha": NET.replace("16", "32")}, base))["alpha", "latency_ms"]
    assert row["verdict"] == "not comparable"
    assert "input_shape" in str(row["message"])


def test_a_latency_budget_needs_no_base(run: Callable[..., Checked]) -> None:
    config = ALL + "metrics: {latency_ms: {max: 9 ms}}\noverrides: [{match: beta, metrics: {latency_ms: {max: 11}}}]\n"
    launch = FakeProcesses()
    rows = rows_of(run(config, {"alpha": NET, "beta": NET}, None, launch))
    assert rows["alpha", "latency_ms"]["verdict"] == "fail"
    assert rows["beta", "latency_ms"]["verdict"] == "pass"
    assert "9 ms is allowed" in str(rows["alpha", "latency_ms"]["message"])
    assert rows["alpha", "latency_ms"]["head"] == pytest.approx(OLD_MS, rel=0.02)
    assert [len(request.sets) for request in launch.requests] == [2] * 10  # all networks in the same processes
    assert [request.seed for request in launch.requests] == list(range(10))


def test_a_baseline_is_of_this_program(kept: Callable[..., StoredBaseline]) -> None:
    baseline = kept({"alpha": NET}, FakeProcesses()).baseline
    assert isinstance(baseline, Baseline)
    assert len(baseline.networks["alpha.yaml"].latency_ms or ()) == 10
    assert baseline.fingerprint is not None
    assert {"cpu", "cores", "instruction_set", "threads", "dtype", "batch_size", "layout", "torch", "mode"} <= set(
        baseline.fingerprint
    )


@pytest.fixture
def old_revision(tmp_path: Path) -> Callable[[Mapping[str, str]], Revision]:
    """A git commit of some networks."""

    def commit(networks: Mapping[str, str]) -> Revision:
        for name, text in networks.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "old")):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        return resolve("HEAD", tmp_path)

    return commit


def test_side_by_side_only_what_changed_is_measured(
    run: Callable[..., Checked], old_revision: Callable[[Mapping[str, str]], Revision]
) -> None:
    revision = old_revision({"alpha": NET, "beta": NET})
    launch = FakeProcesses(1.1)
    checked = run(LATENCY, {"alpha": NET.replace("expand_ratio: 6", "expand_ratio: 4")}, revision, launch)
    rows = rows_of(checked)
    assert [len(plans) for plans in launch.requests[0].sets] == [2]
    assert rows["beta", "latency_ms"]["message"] == "identical plan"
    assert "ratio" not in rows["beta", "latency_ms"]
    alpha = rows["alpha", "latency_ms"]
    assert (alpha["verdict"], alpha["line"], alpha["column"]) == ("fail", 4, 22)
    assert alpha["ratio"] == pytest.approx(1.1, abs=0.01)
    assert alpha["change"] == pytest.approx(alpha["ratio"] - 1)  # type: ignore[operator]
    assert alpha["ratio_low"] < alpha["ratio"] < alpha["ratio_high"]  # type: ignore[operator]
    assert alpha["head_low"] < alpha["head"] < alpha["head_high"]  # type: ignore[operator]
    assert 0 < alpha["detectable"] < 0.02  # type: ignore[operator]


def test_another_spelling_of_one_network_is_not_measured(run: Callable[..., Checked], tmp_path: Path) -> None:
    new_repository(tmp_path).commit({"alpha.yaml": NET})
    respelled = NET.replace("expand_ratio: 6", "expanded_filters: 48")
    launch = FakeProcesses()
    checked = run(
        ALL + "metrics: {latency_ms: {max_increase: 0}}\n", {"alpha": respelled}, resolve("HEAD", tmp_path), launch
    )
    assert rows_of(checked)["alpha", "latency_ms"]["message"] == "identical plan"
    assert launch.requests == []


def test_a_budget_is_compared_without_rounding(run: Callable[..., Checked]) -> None:
    cost = exact_metrics(plan_loaded(load_text(NET, "net.yaml")))["params"]
    rows = rows_of(run(ALL + f"metrics: {{params: {{max: {cost - 0.0000001:.7f}}}}}\n", {"alpha": NET}))
    assert rows["alpha", "params"]["verdict"] == "fail"
    rows = rows_of(run(ALL + f"metrics: {{params: {{max: {cost}}}}}\n", {"alpha": NET}))
    assert rows["alpha", "params"]["verdict"] == "pass"


def test_a_failing_increase_shows_why() -> None:
    found = judge_exact(EXACT["macs"], CountRule.model_validate({"max_increase": "2%"}), 10_000, 10_204)
    assert found.message == "204 more MACs (+2.04 %); max_increase is 2%"
    found = judge_exact(EXACT["macs"], CountRule.model_validate({"max_increase": "2%"}), 10_000, 40_000)
    assert found.message == "30,000 more MACs (+300 %); max_increase is 2%"


def test_a_time_barely_over_its_limit_does_not_look_like_it() -> None:
    assert _ms_text(18.85, 18.852) == "18.852 ms"
    assert _ms_text(0.1, 18.85) == "18.85 ms"
    assert _ratio_text(1.02, 1.0202) == "1.0202 of the base's time"
