"""What a revision does not hold is missing; no file of today stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import Checked, check
from mbconv_cli.check.take_baseline import take_baseline
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.git.revisions import resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.report.model import Row
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK, GitRepository, new_repository

RULES = "metrics: {macs: {max_increase: 0}}\n"
WIDER = NETWORK.replace("output_filters: 16", "output_filters: 64")
Run = Callable[..., Checked]


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return new_repository(tmp_path / "repository")


@pytest.fixture
def run(repository: GitRepository) -> Run:
    """Checks the working tree against HEAD."""

    def run(networks: str, *, arch_dir: Path | None = None, rules: str = RULES) -> Checked:
        path = repository.folder / "mbconv-check.yaml"
        path.write_text(f"networks: {networks}\n{rules}", encoding="utf-8")
        measure = MeasureRequest(DeviceChoice("cpu"), 1, 2, lambda _: None)
        catalogue = Catalogue((arch_dir,) if arch_dir else ())
        return check(load_config(path), resolve("HEAD", repository.folder), catalogue, measure)

    return run


def missing(checked: Checked) -> dict[str, str]:
    assert isinstance(checked.error, CheckFailedError)
    rows: list[Row] = [row for row in checked.report.sections["checks"].rows if row["verdict"] == "missing"]
    return {str(row["network"]): str(row["message"]) for row in rows}


def test_a_path_outside_of_the_repository(repository: GitRepository, run: Run) -> None:
    repository.commit({"inside.yaml": NETWORK})
    outside = repository.folder.parent / "outside.yaml"
    outside.write_text(WIDER, encoding="utf-8")
    assert missing(run("[../outside.yaml]"))["outside"].endswith("outside.yaml is outside of the repository")


def test_a_tracked_link_that_leads_outside(repository: GitRepository, run: Run) -> None:
    outside = repository.folder.parent / "outside.yaml"
    outside.write_text(WIDER, encoding="utf-8")
    (repository.folder / "link.yaml").symlink_to("../outside.yaml")
    repository.commit({"inside.yaml": NETWORK})
    assert list(missing(run("['[il]*.yaml']"))) == ["link"]


def test_a_folder_that_is_a_link_outside(repository: GitRepository, run: Run) -> None:
    (repository.folder.parent / "nets").mkdir()
    (repository.folder.parent / "nets" / "outside.yaml").write_text(WIDER, encoding="utf-8")
    (repository.folder / "nets").symlink_to("../nets", target_is_directory=True)
    repository.commit({"inside.yaml": NETWORK})
    assert list(missing(run("[nets/outside.yaml]"))) == ["outside"]


def test_a_name_of_an_outside_folder(repository: GitRepository, run: Run, tmp_path: Path) -> None:
    repository.commit({"inside.yaml": NETWORK})
    (tmp_path / "archs").mkdir()
    (tmp_path / "archs" / "mine.yaml").write_text(WIDER, encoding="utf-8")
    assert list(missing(run("[mine]", arch_dir=tmp_path / "archs"))) == ["mine"]


def test_a_shipped_name_is_in_no_revision(repository: GitRepository, run: Run) -> None:
    repository.commit({"inside.yaml": NETWORK})
    assert list(missing(run("[mobilenet-v1]"))) == ["mobilenet-v1"]


@pytest.mark.parametrize("reference", ["../base.yaml", "{folder}/base.yaml", "base"])
def test_a_base_outside_of_the_repository(repository: GitRepository, run: Run, tmp_path: Path, reference: str) -> None:
    (tmp_path / "base.yaml").write_text(WIDER, encoding="utf-8")
    repository.commit({"variant.yaml": f"extends: {reference.format(folder=tmp_path)}\n"})
    assert list(missing(run("[variant.yaml]", arch_dir=tmp_path))) == ["variant"]


def test_a_link_inside_is_compared_with_what_it_led_to(repository: GitRepository, run: Run) -> None:
    (repository.folder / "link.yaml").symlink_to("small.yaml")
    repository.commit({"small.yaml": NETWORK, "wide.yaml": WIDER})
    assert run("[link.yaml]").error is None
    (repository.folder / "link.yaml").unlink()
    (repository.folder / "link.yaml").symlink_to("wide.yaml")
    checked = run("[link.yaml]")
    assert isinstance(checked.error, CheckFailedError)
    assert {row["verdict"] for row in checked.report.sections["checks"].rows} == {"fail"}


def test_links_in_a_circle_are_an_error(repository: GitRepository, run: Run) -> None:
    (repository.folder / "link.yaml").symlink_to("link.yaml")
    repository.commit({"inside.yaml": NETWORK})
    (repository.folder / "link.yaml").unlink()
    (repository.folder / "link.yaml").write_text(NETWORK, encoding="utf-8")
    with pytest.raises(InputError, match="more than 40 symbolic links"):
        run("[link.yaml]")


def test_a_repository_behind_a_link_is_recognized(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"inside.yaml": NETWORK})
    (tmp_path / "elsewhere").symlink_to(repository.folder, target_is_directory=True)
    path = tmp_path / "elsewhere" / "mbconv-check.yaml"
    path.write_text(f"networks: [inside.yaml]\n{RULES}", encoding="utf-8")
    measure = MeasureRequest(DeviceChoice("cpu"), 1, 2, lambda _: None)
    assert check(load_config(path), resolve("HEAD", path.parent), Catalogue(), measure).error is None


@pytest.mark.parametrize("pattern", ["nope/*.yaml", "nope-*"])
@pytest.mark.parametrize("others", ["", ", inside.yaml"])
def test_a_pattern_without_a_match_is_an_error_at_its_place(
    repository: GitRepository, run: Run, pattern: str, others: str
) -> None:
    repository.commit({"inside.yaml": NETWORK})
    checked = run(f"['{pattern}'{others}]", rules="metrics: {params: {max: 10M}}\n")
    assert isinstance(checked.error, InputError)
    assert f"mbconv-check.yaml:1:12: {pattern}: spec: error: no network matches" in str(checked.error)
    (row,) = (row for row in checked.report.sections["checks"].rows if row["verdict"] == "error")
    assert (row["network"], row["line"]) == (pattern, 1)


def test_a_pattern_that_only_the_revision_matches_is_no_mistake(repository: GitRepository, run: Run) -> None:
    repository.commit({"nets/gone.yaml": NETWORK, "inside.yaml": NETWORK})
    (repository.folder / "nets" / "gone.yaml").unlink()
    assert list(missing(run("['nets/*.yaml', inside.yaml]"))) == ["gone"]


def test_no_baseline_is_written_of_a_pattern_without_a_match(repository: GitRepository) -> None:
    path = repository.folder / "c.yaml"
    path.write_text("networks: ['nope/*.yaml', mobilenet-v1]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"c\.yaml:1:12: networks: no network matches 'nope/\*\.yaml'"):
        take_baseline(load_config(path), Catalogue(), None)


def test_an_invalid_pattern_is_an_error_at_its_place(repository: GitRepository, run: Run) -> None:
    repository.commit({"inside.yaml": NETWORK})
    with pytest.raises(InputError, match=r"mbconv-check\.yaml:1:12: networks: .*'\*\*' can only be an entire"):
        run("['n**e/x.yaml']")


BUDGET = "metrics: {macs: {max: 100M}}\noverrides: [{match: PATTERN, metrics: {macs: {max: 1k}}}]\n"


@pytest.mark.parametrize("pattern", ["small", "nets/small.yaml", "nets/*", "called-so"])
def test_a_second_file_of_the_same_stem_turns_no_override_off(
    repository: GitRepository, run: Run, pattern: str
) -> None:
    repository.commit({"nets/small.yaml": f"name: called-so\n{NETWORK}", "old/small.yaml": NETWORK})
    checked = run("['nets/*.yaml', 'old/*.yaml']", rules=BUDGET.replace("PATTERN", pattern))
    failed = {row["network"] for row in checked.report.sections["checks"].rows if row["verdict"] == "fail"}
    assert "nets/small.yaml" in failed


def test_an_override_without_a_match_is_a_warning_at_its_place(repository: GitRepository, run: Run) -> None:
    repository.commit({"inside.yaml": NETWORK})
    checked = run("[inside.yaml]", rules=BUDGET.replace("PATTERN", "insid"))
    (row,) = (row for row in checked.report.sections["checks"].rows if row["metric"] == "override")
    assert (row["network"], row["level"], row["line"]) == ("insid", "warn", 3)
    assert checked.report.totals["warned"] == 1


def test_an_entry_that_names_a_revision_is_refused(
    repository: GitRepository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"inside.yaml": NETWORK, "net.txt": NETWORK})
    monkeypatch.chdir(repository.folder)
    with pytest.raises(InputError, match="names a revision"):
        run("['HEAD:net.txt']")
