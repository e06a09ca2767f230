"""Networks as of a git revision, in real repositories."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import tree_of
from mbconv_cli.git.revisions import RevisionPath, counterpart, files_at, glob_at, parse_revision, read_at, resolve
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.loader import load
from tests.repositories import NETWORK, GitRepository, new_repository

unix = pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """The working directory, and one above which there is no repository."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repository = new_repository(tmp_path / "repository")
    monkeypatch.chdir(repository.folder)
    return repository


def told(reference: str) -> str:
    with pytest.raises(InputError) as caught:
        load(reference)
    return str(caught.value)


def content(reference: str) -> str:
    place = parse_revision(reference)
    assert place is not None
    return read_at(place, at_most=1_000).decode()


def test_a_file_is_read_as_it_was(repository: GitRepository) -> None:
    first = repository.commit({"mine.yaml": NETWORK})
    repository.commit({"mine.yaml": NETWORK.replace("output_filters: 16", "output_filters: 24")})
    repository.git("tag", "v1", first)
    (repository.folder / "mine.yaml").unlink()
    for revision in (first, first[:10], "HEAD~1", "main~1", "v1", "HEAD^"):
        assert load(f"{revision}:mine.yaml").spec.blocks[1].output_filters == 16
    loaded = load("HEAD:mine.yaml")
    assert loaded.spec.blocks[1].output_filters == 24
    assert loaded.spec.name == "mine"


def test_a_mistake_is_told_with_revision_file_line_and_column(repository: GitRepository) -> None:
    repository.commit({"nets/mine.yaml": NETWORK.replace("kernel_size: 3, num", "kernel_size: 4, num")})
    assert told("main:nets/mine.yaml").startswith("main:nets/mine.yaml:6:19: kernel_size: ")


def test_extends_stays_at_the_revision(repository: GitRepository) -> None:
    files: dict[str, str | None] = {
        "base.yaml": NETWORK,
        "nets/middle.yaml": "extends: ../base.yaml\n",
        "nets/mine.yaml": "extends: middle\n",
    }
    repository.commit(files)
    repository.commit({"base.yaml": NETWORK.replace("32", "64"), "nets/middle.yaml": None})
    loaded = load("HEAD~1:nets/mine.yaml")
    assert loaded.spec.input.resolution == (32, 32)
    assert str(loaded.where(("input", "resolution"))) == "HEAD~1:base.yaml:1:21"
    assert "no network is called 'middle'" in told("HEAD:nets/mine.yaml")


def test_a_shipped_name_is_found_where_the_revision_has_none(repository: GitRepository) -> None:
    files: dict[str, str | None] = {"mine.yaml": "extends: mobilenet-v2\n", "own.yaml": "extends: efficientnet-b0\n"}
    repository.commit(files | {"efficientnet-b0.yaml": NETWORK})
    assert load("HEAD:mine.yaml").spec.blocks == load("mobilenet-v2").spec.blocks
    assert len(load("HEAD:own.yaml").spec.blocks) == 2


def test_a_folder_of_names_within_the_repository_is_read_at_the_revision_too(repository: GitRepository) -> None:
    repository.commit({"names/base.yaml": NETWORK, "nets/mine.yaml": "extends: base\n"})
    repository.commit({"names/base.yaml": NETWORK.replace("32", "64")})
    catalogue = user_catalogue([repository.folder / "names"])
    assert load("HEAD~1:nets/mine.yaml", catalogue).spec.input.resolution == (32, 32)
    assert load("nets/mine.yaml", catalogue).spec.input.resolution == (64, 64)


def test_an_absolute_path_into_the_repository_is_read_at_the_revision_too(repository: GitRepository) -> None:
    outside = repository.folder.parent / "outside.yaml"
    outside.write_text(NETWORK)
    inside = repository.folder / "base.yaml"
    repository.commit({"base.yaml": NETWORK, "in.yaml": f"extends: {inside}\n", "out.yaml": f"extends: {outside}\n"})
    inside.write_text(NETWORK.replace("32", "64"))
    assert load("HEAD:in.yaml").spec.input.resolution == (32, 32)
    assert told("HEAD:out.yaml") == (
        f"HEAD:out.yaml:1:10: extends: {outside}: outside of the repository, so HEAD does not hold it"
    )


def test_a_circle_and_a_way_out(repository: GitRepository) -> None:
    repository.commit(
        {"a.yaml": "extends: ./b.yaml\n", "b.yaml": "extends: ./a.yaml\n", "c.yaml": "extends: ../x.yaml\n"}
    )
    assert told("HEAD:a.yaml") == "HEAD:b.yaml:1:10: extends: in a circle: HEAD:a.yaml -> HEAD:b.yaml -> HEAD:a.yaml"
    assert told("HEAD:c.yaml") == "HEAD:c.yaml:1:10: extends: ../x.yaml: outside of the repository"


def test_a_path_starts_at_the_top_or_with_a_point_here(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"mine.yaml": "top\n", "nets/mine.yaml": "below\n"})
    (repository.folder / "nets" / "deep").mkdir()
    monkeypatch.chdir(repository.folder / "nets")
    assert content("HEAD:mine.yaml") == "top\n"
    assert content("HEAD:./mine.yaml") == "below\n"
    assert content("HEAD:../mine.yaml") == "top\n"
    monkeypatch.chdir(repository.folder / "nets" / "deep")
    assert content("HEAD:../mine.yaml") == "below\n"


@pytest.mark.parametrize(
    "name",
    ["with space.yaml", "größe-模型.yaml", "-rf.yaml", "'quoted'\".yaml", "a:b.yaml", "a*[b]?.yaml", ":(top)x.yaml"],
)
@unix
def test_names_of_all_kinds(repository: GitRepository, name: str) -> None:
    repository.commit({name: NETWORK, f"nets/{name}": NETWORK})
    (repository.folder / name).unlink()
    assert load(f"HEAD:{name}").spec.activation == "swish"
    assert load(f"main:nets/{name}").spec.activation == "swish"


@unix
def test_a_name_with_a_line_break(repository: GitRepository) -> None:
    repository.commit({"two\nlines.yaml": NETWORK})
    assert content("HEAD:two\nlines.yaml") == NETWORK


def test_a_revision_with_a_colon_of_its_own(repository: GitRepository) -> None:
    repository.commit({"mine.yaml": NETWORK})
    repository.git("commit", "--quiet", "--allow-empty", "--message", "fix: that")
    repository.commit({"mine.yaml": "changed\n"})
    assert content("HEAD^{/fix: that}:mine.yaml") == NETWORK


def test_a_file_of_such_a_name_wins(repository: GitRepository) -> None:
    repository.commit({"mine.yaml": NETWORK.replace("32", "64")})
    (repository.folder / "HEAD:mine.yaml").write_text(NETWORK)
    assert load("HEAD:mine.yaml").spec.input.resolution == (32, 32)


@pytest.mark.parametrize(
    "text", ["mine.yaml", "C:\\mine.yaml", "c:/mine.yaml", "HEAD:", ":mine.yaml", "efficientnet-b0"]
)
def test_what_is_no_revision(text: str) -> None:
    assert parse_revision(text) is None


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("nowhere:mine.yaml", "nowhere:mine.yaml: no revision 'nowhere' in the git repository"),
        ("--all:mine.yaml", "--all:mine.yaml: no revision '--all'"),
        ("--output=x:mine.yaml", "no revision '--output=x'"),
        ("^HEAD:mine.yaml", "no revision '^HEAD'"),
        ("HEAD..HEAD:mine.yaml", "no revision 'HEAD..HEAD'"),
        ("main\n:mine.yaml", "no revision"),
        ("HEAD:mien.yaml", "HEAD:mien.yaml: no such file in revision 'HEAD'; did you mean 'mine.yaml'?"),
        ("HEAD:nowhere/mine.yaml", "HEAD:nowhere/mine.yaml: no such file in revision 'HEAD'"),
        ("HEAD:nets", "HEAD:nets: a folder; name the file itself"),
        ("HEAD:.", "HEAD:.: no such file"),
        ("HEAD:../mine.yaml", "HEAD:../mine.yaml: ../mine.yaml: outside of the repository"),
        ("HEAD:/mine.yaml", "outside of the repository"),
        ("HEAD:mine.yaml/x.yaml", "HEAD:mine.yaml/x.yaml: no such file"),
        ("a\0b:mine.yaml", "embedded null byte"),
        ("HEAD:a\0b.yaml", "no such file in revision"),
    ],
)
def test_what_is_not_there(repository: GitRepository, reference: str, what: str) -> None:
    repository.commit({"mine.yaml": NETWORK, "nets/x.yaml": NETWORK})
    assert what in told(reference)


@unix
def test_a_symbolic_link_is_not_followed(repository: GitRepository) -> None:
    (repository.folder / "link.yaml").symlink_to("mine.yaml")
    repository.commit({"mine.yaml": NETWORK})
    assert told("HEAD:link.yaml") == "HEAD:link.yaml: a symbolic link or a submodule; name the file itself"


def test_a_repository_without_a_commit(repository: GitRepository) -> None:
    assert "no revision 'HEAD'" in told("HEAD:mine.yaml")
    assert repository.git("status", "--porcelain") == ""


def test_a_folder_that_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert told("HEAD:mine.yaml").startswith("HEAD:mine.yaml: no git repository to read revisions from: not a git rep")


def test_without_git(repository: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"mine.yaml": NETWORK})
    monkeypatch.setenv("PATH", str(repository.folder))
    assert told("HEAD:mine.yaml").startswith("HEAD:mine.yaml: git is not installed, or not in PATH")


def test_a_damaged_repository_is_told(repository: GitRepository) -> None:
    repository.commit({"nets/mine.yaml": NETWORK})
    tree = repository.git("rev-parse", "HEAD:nets")
    blob = repository.git("rev-parse", "HEAD:nets/mine.yaml")
    objects = repository.folder / ".git" / "objects"
    (objects / blob[:2] / blob[2:]).unlink()
    assert content("HEAD:nets/mine.yaml") == NETWORK  # the working tree still has it
    (repository.folder / "nets" / "mine.yaml").write_text("another\n", encoding="utf-8")
    assert told("HEAD:nets/mine.yaml") == f"git cannot read the object {blob}; `git fsck` says more"
    damaged = objects / tree[:2] / tree[2:]
    damaged.chmod(0o600)
    damaged.write_bytes(b"damaged")
    tree_of.cache_clear()
    assert told("HEAD:nets/mine.yaml").startswith("git cannot list nets of ")


def test_git_dir_names_another_repository(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other")
    other.commit({"mine.yaml": "other\n"})
    repository.commit({"mine.yaml": "this\n"})
    assert content("HEAD:mine.yaml") == "this\n"
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    assert content("HEAD:mine.yaml") == "other\n"


def test_a_bare_repository(repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"mine.yaml": "extends: ./base.yaml\n", "base.yaml": NETWORK})
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    monkeypatch.chdir(tmp_path / "bare")
    assert load("main:mine.yaml").spec.activation == "swish"


def test_what_is_too_long_is_not_read_to_its_end(repository: GitRepository) -> None:
    repository.commit({"long.yaml": "# long\n" * 700_000})
    assert told("HEAD:long.yaml").startswith("HEAD:long.yaml: more than 4,000,000 bytes")


def test_files_of_a_folder_and_of_a_pattern(repository: GitRepository) -> None:
    names = ["a.yaml", "nets/b.yaml", "nets/c.yml", "nets/deep/d.yaml", "nets/deep/deeper/e.yaml"]
    repository.commit(dict.fromkeys(names, NETWORK))
    revision = resolve("HEAD")

    def found(pattern: str) -> list[str]:
        return [str(place.path) for place in glob_at(revision, pattern)]

    assert [str(place) for place in files_at(RevisionPath(revision, PurePosixPath("nets")))] == [
        "HEAD:nets/b.yaml",
        "HEAD:nets/c.yml",
    ]
    assert files_at(RevisionPath(revision, PurePosixPath("nowhere"))) == ()
    assert found("a.yaml") == ["a.yaml"]
    assert found("*.yaml") == ["a.yaml"]
    assert found("nets/*.y*ml") == names[1:3]
    assert found("nets/[!c]*") == ["nets/b.yaml"]
    assert found("**/*.yaml") == [names[0], *names[1:2], *names[3:]]
    assert found("nets/**/*.yaml") == [names[1], *names[3:]]
    assert found("nets/*/d.yaml") == ["nets/deep/d.yaml"]
    assert found("nowhere/*") == []
    as_in_the_working_tree = sorted(path.as_posix() for path in Path().glob("**/*.yaml"))
    assert found("**/*.yaml") == as_in_the_working_tree


def test_the_counterpart_of_a_path(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"nets/b.yaml": NETWORK})
    revision = resolve("main", repository.folder / "nets")
    assert str(counterpart(Path("nets/b.yaml"), revision)) == "main:nets/b.yaml"
    assert counterpart(tmp_path, revision) is None
