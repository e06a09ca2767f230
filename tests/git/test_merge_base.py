from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.git.revisions import RevisionPath, resolve_base
from tests.repositories import GitRepository, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """`main` and `work`, each a commit beyond the tag `fork`; `work` is checked out."""
    repository = new_repository(tmp_path / "repository")
    repository.commit({"a": "1"})
    repository.git("tag", "fork")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit({"a": "2"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b": "1"})
    repository.git("checkout", "--quiet", "work")
    return repository


@pytest.mark.parametrize("reference", ["main", "main...", "main...work", "main...HEAD"])
def test_a_revision_stands_for_the_merge_base(repository: GitRepository, reference: str) -> None:
    base = resolve_base(reference, repository.folder)
    assert base.commit == repository.git("rev-parse", "fork")
    assert (base.name, base.is_merge_base) == ("main", True)
    assert str(RevisionPath(base, PurePosixPath("a"))) == f"{base.commit[:12]}:a"


@pytest.mark.parametrize("reference", ["main..", "main..work"])
def test_two_dots_stand_for_the_revision_itself(repository: GitRepository, reference: str) -> None:
    base = resolve_base(reference, repository.folder)
    assert (base.commit, base.spelled) == (repository.git("rev-parse", "main"), "main")


def test_an_ancestor_is_its_own_merge_base(repository: GitRepository) -> None:
    base = resolve_base("HEAD~1", repository.folder)
    assert (base.commit, base.is_merge_base) == (repository.git("rev-parse", "fork"), False)


def test_what_is_not_checked_out_is_not_checked(repository: GitRepository) -> None:
    with pytest.raises(InputError, match="main has to be checked out first"):
        resolve_base("work...main", repository.folder)


def test_in_a_shallow_clone_the_next_step_is_named(repository: GitRepository, tmp_path: Path) -> None:
    origin = f"file://{repository.folder}"
    repository.git("clone", "--quiet", "--depth", "1", "--no-single-branch", origin, str(tmp_path / "clone"))
    with pytest.raises(InputError, match=r"no common commit here: .*fetch-depth: 0.*by `origin/main\.\.`"):
        resolve_base("origin/main", tmp_path / "clone")
