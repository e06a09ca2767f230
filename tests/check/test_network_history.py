from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import pytest

from mbconv_cli.check.network_history import HistoryRequest, network_history
from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import repository_of
from mbconv_cli.report.model import Report, Row
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK, GitRepository

WIDER = NETWORK.replace("output_filters: 16", "output_filters: 24")
History = Callable[..., Report]


@pytest.fixture
def history(git_repository: GitRepository) -> History:
    def history(
        *paths: str,
        reach: str = "HEAD",
        metrics: Sequence[str] = ("params",),
        progress: Callable[[float], None] = print,
    ) -> Report:
        networks = {path: PurePosixPath(path) for path in paths}
        repository = repository_of(git_repository.folder)
        return network_history(HistoryRequest(repository, networks, reach, metrics, Catalogue(), progress))

    return history


def rows(report: Report) -> tuple[Row, ...]:
    return report.sections["commits"].rows


def shown(report: Report) -> list[tuple[object, object]]:
    excerpt = report.sections["commits"].excerpt
    assert excerpt is not None
    return [(row["number"], row["state"]) for row in excerpt.rows]


def test_it_names_the_commit_that_made_a_network_heavier(git_repository: GitRepository, history: History) -> None:
    git_repository.commit({"nets/a.yaml": NETWORK})
    git_repository.commit({"nets/a.yaml": f"# a comment\n{NETWORK}"})
    git_repository.commit({"other.txt": "no network"})
    heavier = git_repository.commit({"nets/a.yaml": WIDER})
    report = history("nets/a.yaml")
    assert [row["params"] for row in rows(report)] == [6_730, 6_730, 11_690]
    assert shown(report) == [(1, "ok"), (3, "ok")]
    last = rows(report)[-1]
    assert (last["commit"], last["subject"]) == (heavier[:12], "a commit")
    assert last["change"] == pytest.approx(11_690 / 6_730 - 1)
    assert report.totals == {"commits": 3, "changes": 2}


def test_a_change_of_the_base_is_a_change_of_the_network(git_repository: GitRepository, history: History) -> None:
    git_repository.commit({"base.yaml": NETWORK, "a.yaml": "extends: ./base.yaml\n"})
    git_repository.commit({"base.yaml": WIDER})
    assert [row["params"] for row in rows(history("a.yaml"))] == [6_730, 11_690]


def test_what_is_absent_or_broken_has_no_figures(git_repository: GitRepository, history: History) -> None:
    git_repository.commit({"b.yaml": NETWORK})
    git_repository.commit({"a.yaml": NETWORK})
    git_repository.commit({"a.yaml": NETWORK.replace("stride", "strid")})
    git_repository.commit({"a.yaml": None})
    report = history("a.yaml")
    assert shown(report) == [(2, "ok"), (3, "unreadable"), (4, "absent")]
    assert [row["params"] for row in rows(report)] == [None, 6_730, None, None]


def test_a_merge_counts_as_what_it_brought_in(git_repository: GitRepository, history: History) -> None:
    git_repository.commit({"a.yaml": NETWORK})
    git_repository.git("checkout", "--quiet", "-b", "work")
    git_repository.commit({"a.yaml": f"# one\n{WIDER}"})
    git_repository.commit({"a.yaml": f"# two\n{WIDER}"})
    git_repository.git("checkout", "--quiet", "main")
    git_repository.git("merge", "--quiet", "--no-ff", "--message", "merged", "work")
    report = history("a.yaml")
    assert [(row["params"], row["subject"]) for row in rows(report)] == [(6_730, "a commit"), (11_690, "merged")]


def test_a_range_several_networks_and_metrics(git_repository: GitRepository, history: History) -> None:
    git_repository.commit({"a.yaml": NETWORK, "b.yaml": NETWORK})
    git_repository.commit({"a.yaml": WIDER})
    git_repository.commit({"b.yaml": WIDER})
    report = history("a.yaml", "b.yaml", reach="HEAD~2..HEAD", metrics=("macs", "params"))
    assert shown(report) == [(1, "ok"), (2, "ok")]  # what was before the range is no change
    assert [(row["network"], row["params"]) for row in rows(report)] == [
        ("a.yaml", 11_690), ("a.yaml", 11_690), ("b.yaml", 6_730), ("b.yaml", 11_690)
    ]  # fmt: skip
    plot = report.sections["commits"].plot
    assert plot is not None
    assert (plot.x, plot.y, plot.by) == ("number", ("macs",), "network")


@pytest.mark.parametrize(
    ("path", "reach", "message"),
    [
        ("a.yaml", "nowhere..HEAD", "nowhere..HEAD: no such range of revisions: "),
        ("a.yaml", "--output=x", "no such range"),
        ("gone.yaml", "HEAD", "no commit of HEAD has gone.yaml"),
        ("a\nb.yaml", "HEAD", "a path with a line break"),
    ],
)
def test_what_there_is_not(
    git_repository: GitRepository, history: History, path: str, reach: str, message: str
) -> None:
    git_repository.commit({"a.yaml": NETWORK})
    with pytest.raises(InputError) as raised:
        history(path, reach=reach)
    assert message in str(raised.value)
    assert not (git_repository.folder / "x").exists()
