import json
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.analysis.sweep.evaluation import Evaluator, SweepJob, evaluate_chunk
from mbconv_cli.analysis.sweep.row_files import JsonLines, RowFile, open_rows
from mbconv_cli.analysis.sweep.schedulers import chunks_on_cores
from mbconv_cli.analysis.sweep.sweep import Findings, Wanted, run_sweep, sweep_report
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.spec.catalogue import shipped_spaces, user_catalogue
from mbconv_cli.spec.space import Space, space_of_file, varied_network


@cache
def mnasnet() -> Space:
    (path,) = (path for path in shipped_spaces() if path.stem == "mnasnet")
    return space_of_file(path, user_catalogue())


def small(*variations: str) -> Space:
    chosen = variations or ("blocks[0].kernel_size=3,5", "scaling.width=0.5,1", "blocks[1].num_repeat=1:3:1")
    return varied_network("mobilenet-v2", chosen, (), user_catalogue())


@pytest.mark.parametrize("space", [mnasnet, small], ids=["rows", "settings and rows"])
def test_figures_are_those_of_the_whole_network(space: object) -> None:
    job = SweepJob(space(), sample=12, seed=4)  # type: ignore[operator]  # a parameter that is a function
    evaluator = Evaluator(job.space)
    for _, point in job.points(0, 12):
        combination = job.space.combination(point)
        plan = make_plan(evaluator.spec(combination))
        cost, figures = total(plan_costs(plan)), evaluator.figures(combination)
        assert figures == {
            "params": cost.params,
            "macs": cost.macs,
            "flops": cost.flops,
            "bytes": cost.bytes(1, 4),
            "peak_bytes": 4 * peak(plan).activations,
        }


def sweep(job: SweepJob, wanted: Wanted | None = None, file: RowFile | None = None) -> Findings:
    return run_sweep(job, partial(chunks_on_cores, job, jobs=1), wanted or Wanted(), file=file)


def test_a_point_that_is_no_network_is_a_row_with_its_reason() -> None:
    job = SweepJob(small("scaling.width=-1,1"))
    findings = sweep(job)
    assert (findings.kept, findings.invalid) == (1, 1)
    assert any("greater than 0" in note for note in sweep_report(job, findings).notes)


def test_conditions_decide_which_rows_are_kept() -> None:
    findings = sweep(SweepJob(small(), parse_conditions(["macs <= 200M"])))
    assert 0 < findings.kept < 12
    assert all(row["macs"] <= 200_000_000 for row in findings.best())


def test_the_best_rows_are_sorted_and_as_many_as_asked_for() -> None:
    every = [row["params"] for row in sweep(SweepJob(small()), Wanted(sort="params", top=None)).best()]
    assert every == sorted(every)
    assert len(every) == 12
    assert [row["params"] for row in sweep(SweepJob(small()), Wanted(sort="params", top=3)).best()] == every[:3]


def test_progress_reaches_the_number_of_points() -> None:
    job, seen = SweepJob(small()), list[int]()
    run_sweep(job, partial(chunks_on_cores, job, jobs=1), Wanted(), progress=seen.append)
    assert (seen[0], seen[-1]) == (0, 12)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_sweep_that_was_broken_off_is_continued(tmp_path: Path, suffix: str) -> None:
    job = SweepJob(mnasnet(), parse_conditions(["macs <= 900M"]), sample=60)
    whole = open_rows(tmp_path / f"whole{suffix}", job)
    for start in range(0, 60, 20):
        whole.append(evaluate_chunk(job, start, start + 20))
    broken = open_rows(tmp_path / f"broken{suffix}", job)
    broken.append(evaluate_chunk(job, 0, 20))

    def rest(first: int) -> Iterator[object]:
        return (evaluate_chunk(job, start, start + 20) for start in range(first, 60, 20))

    findings = run_sweep(job, rest, Wanted(top=None), file=open_rows(tmp_path / f"broken{suffix}", job))  # type: ignore[arg-type]  # an iterator of chunks
    assert list(open_rows(tmp_path / f"broken{suffix}", job).rows()) == list(whole.rows())
    assert findings.kept == len([row for row in whole.rows() if "error" not in row])


def test_a_line_that_was_broken_off_is_written_anew(tmp_path: Path) -> None:
    job, path = SweepJob(small()), tmp_path / "rows.jsonl"
    sweep(job, file=open_rows(path, job))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        sweep(job, file=open_rows(path, job))
        assert path.read_bytes() == whole


def test_rows_of_another_sweep_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    open_rows(path, SweepJob(small()))
    with pytest.raises(InputError, match="another sweep"):
        open_rows(path, SweepJob(small(), sample=3))


@pytest.mark.parametrize(("name", "message"), [("rows.txt", "should end in"), ("mine.jsonl", "is no sweep's")])
def test_files_that_are_no_sweeps(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(InputError, match=message):
        open_rows(tmp_path / name, SweepJob(small()))
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_file_without_a_line_end_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("x" * 200_000)
    JsonLines(path)
    assert path.read_bytes() == b""


def test_cores_give_the_same_rows_as_one_process() -> None:
    job = SweepJob(mnasnet(), sample=1_200)
    one = [chunk.rows for chunk in chunks_on_cores(job, 0, 1)]
    assert [chunk.rows for chunk in chunks_on_cores(job, 0, 2)] == one
    assert [json.loads(row)["position"] for rows in one for row in rows] == list(range(1_200))
