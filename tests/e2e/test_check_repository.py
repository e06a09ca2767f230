"""A repository of networks, commit by commit: what the command says of each, with real git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Run

CONFIG = """\
networks: ["nets/*.yaml"]
metrics:
  params: {max_increase: 0}
  macs: {max_increase: 0}
overrides:
  - match: steady
    metrics: {latency_ms: {max_increase: 3%}}
latency: {processes: 3, threads: 1}
"""
PARENT = """\
input: {resolution: 32}
activation: relu6
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8}
  - {kernel_size: 3, expand_ratio: 2, output_filters: 16, stride: 2}
classifier: {num_classes: 10}
"""
CHILD = "extends: ./steady.yaml\nactivation: relu\n"
REORDERED = """\
# the same network, said in another order
classifier: {num_classes: 10}
blocks:
  - {output_filters: 8, expand_ratio: 2, kernel_size: 3}
  - {stride: 2, kernel_size: 3, expand_ratio: 2, output_filters: 16}
stem: {output_filters: 8}
activation: relu6
input: {resolution: 32}
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The base commit; the working directory of `mbconv`."""
    (tmp_path / "nets").mkdir()
    for name, text in (("steady", PARENT), ("other", PARENT), ("child", CHILD)):
        (tmp_path / "nets" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "mbconv-check.yaml").write_text(CONFIG, encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "work")
    return tmp_path


def commit(repository: Path) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--allow-empty", "-m", "a change")


def rows(out: str) -> dict[tuple[str, str], dict[str, Any]]:
    report = json.loads(out)
    assert report["kind"] == "check"
    return {(row["network"], row["metric"]): row for row in report["sections"]["checks"]["rows"]}


CHECK = ("check", "--against", "main", "--format", "json")


def test_an_unchanged_repository_passes(repository: Path, mbconv_in_process: Run) -> None:
    done = mbconv_in_process(*CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert repository.joinpath("nets").is_dir()
    assert {row["verdict"] for row in rows(done.stdout).values()} == {"pass"}


def test_a_wider_layer_fails_and_its_line_is_named(repository: Path, mbconv_in_process: Run) -> None:
    path = repository / "nets" / "other.yaml"
    path.write_text(PARENT.replace("output_filters: 16", "output_filters: 24"), encoding="utf-8")
    commit(repository)
    done = mbconv_in_process(*CHECK)
    assert done.returncode == 1
    found = rows(done.stdout)
    for metric in ("params", "macs"):
        row = found["other", metric]
        assert (row["verdict"], row["file"], row["line"], row["column"]) == ("fail", "nets/other.yaml", 6, 39)
    (told,) = done.stderr.splitlines()  # one cause, one line
    assert told.startswith("mbconv: fail: other params, macs: params: ")
    assert "(nets/other.yaml:6:39)" in told
    assert found["steady", "latency_ms"]["message"] == "identical plan"


def test_what_is_inherited_is_blamed_in_the_parents_file(repository: Path, mbconv_in_process: Run) -> None:
    config = CONFIG.replace("latency_ms: {max_increase: 3%}", "params: {level: off}, macs: {level: off}")
    (repository / "mbconv-check.yaml").write_text(config, encoding="utf-8")
    path = repository / "nets" / "steady.yaml"
    path.write_text(PARENT.replace("num_classes: 10", "num_classes: 20"), encoding="utf-8")
    commit(repository)
    done = mbconv_in_process(*CHECK)
    row = rows(done.stdout)["child", "params"]
    assert (done.returncode, row["file"], row["line"]) == (1, "nets/steady.yaml", 7)
    assert rows(done.stdout)["steady", "params"]["verdict"] == "off"


def test_another_order_of_keys_is_an_identical_plan(repository: Path, mbconv_in_process: Run) -> None:
    (repository / "nets" / "steady.yaml").write_text(REORDERED, encoding="utf-8")
    commit(repository)
    done = mbconv_in_process(*CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    row = rows(done.stdout)["steady", "latency_ms"]
    assert (row["verdict"], row["message"]) == ("pass", "identical plan")


def test_a_deleted_network_fails(repository: Path, mbconv_in_process: Run) -> None:
    (repository / "nets" / "other.yaml").unlink()
    commit(repository)
    done = mbconv_in_process(*CHECK)
    assert done.returncode == 1
    row = rows(done.stdout)["other", "spec"]
    assert (row["verdict"], row["file"], row["line"]) == ("missing", "mbconv-check.yaml", 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["nets/*.yaml"]', '["nets/[cs]*.yaml"]'),
        ('["nets/*.yaml", nets/other.yaml]', '["nets/[cs]*.yaml"]'),
        ('["nets/[cs]*.yaml", nets/other.yaml]', '["nets/[cs]*.yaml"]'),
    ],
)
def test_a_network_that_the_config_no_longer_selects_is_missed(
    repository: Path, mbconv_in_process: Run, before: str, after: str
) -> None:
    config = repository / "mbconv-check.yaml"
    config.write_text(CONFIG.replace('["nets/*.yaml"]', before), encoding="utf-8")
    commit(repository)
    git(repository, "branch", "-f", "main")
    config.write_text(CONFIG.replace('["nets/*.yaml"]', after), encoding="utf-8")
    commit(repository)
    done = mbconv_in_process(*CHECK)
    assert done.returncode == 1
    row = rows(done.stdout)["other", "spec"]
    assert (row["verdict"], row["file"], row["line"]) == ("missing", "mbconv-check.yaml", 1)
    assert "the config no longer selects it" in row["message"]
    config.write_text(CONFIG.replace('["nets/*.yaml"]', after) + "missing: allow\n", encoding="utf-8")
    assert mbconv_in_process(*CHECK).returncode == 0


@pytest.mark.parametrize("entry", ["mobilenet-v2", "mobilenet-v[2]", "a-name-that-nothing-has"])
def test_a_shipped_network_that_the_config_no_longer_names_is_missed(
    repository: Path, mbconv_in_process: Run, entry: str
) -> None:
    config = repository / "mbconv-check.yaml"
    config.write_text(CONFIG.replace("[", f"['{entry}', ", 1), encoding="utf-8")
    commit(repository)
    git(repository, "branch", "-f", "main")
    config.write_text(CONFIG, encoding="utf-8")
    done = mbconv_in_process(*CHECK)
    missing = [key for key, row in rows(done.stdout).items() if row["verdict"] == "missing"]
    is_there = not entry.startswith("a-name")
    assert (done.returncode, missing) == ((1, [("mobilenet-v2", "spec")]) if is_there else (0, []))


def test_a_former_config_that_cannot_be_read_is_told_of(repository: Path, mbconv_in_process: Run) -> None:
    config = repository / "mbconv-check.yaml"
    config.write_text("networks: 3\n", encoding="utf-8")
    commit(repository)
    git(repository, "branch", "-f", "main")
    config.write_text(CONFIG, encoding="utf-8")
    done = mbconv_in_process(*CHECK)
    assert done.returncode == 0
    row = rows(done.stdout)["mbconv-check.yaml", "config"]
    assert (row["level"], row["line"]) == ("warn", 1)
    assert "the config as of main cannot be read" in row["message"]
    assert "networks" in row["message"]


def test_a_revision_without_the_config_has_no_selection_of_its_own(repository: Path, mbconv_in_process: Run) -> None:
    (repository / "mbconv-check.yaml").rename(repository / "elsewhere.yaml")
    commit(repository)
    assert mbconv_in_process(*CHECK, "--config", "elsewhere.yaml").returncode == 0


def test_a_new_network_passes_unless_it_is_forbidden(repository: Path, mbconv_in_process: Run) -> None:
    (repository / "nets" / "new.yaml").write_text(PARENT, encoding="utf-8")
    assert mbconv_in_process(*CHECK).returncode == 0
    with (repository / "mbconv-check.yaml").open("a", encoding="utf-8") as config:
        config.write("added: fail\n")
    assert mbconv_in_process(*CHECK).returncode == 1


def test_broken_yaml_is_bad_input_and_the_others_are_checked(repository: Path, mbconv_in_process: Run) -> None:
    (repository / "nets" / "other.yaml").write_text(PARENT.replace("stride", "strid"), encoding="utf-8")
    commit(repository)
    done = mbconv_in_process(*CHECK)
    assert done.returncode == 2
    assert (
        "error: other spec: unknown key 'strid'; did you mean 'stride' or 'strides'? (nets/other.yaml:6:59)"
        in done.stderr
    )
    found = rows(done.stdout)
    assert (found["other", "spec"]["line"], found["other", "spec"]["column"]) == (6, 59)
    assert found["steady", "params"]["verdict"] == "pass"


def test_another_machine_is_not_comparable(repository: Path, mbconv_in_process: Run) -> None:
    """Measured for real, kept, and then only the machine is another one."""
    kept = mbconv_in_process("baseline", "write", "--measure", "--config", "mbconv-check.yaml")
    assert kept.returncode == 0
    path = repository / "mbconv-baseline.json"
    baseline = json.loads(path.read_text(encoding="utf-8"))
    assert [len(network["latency_ms"]) for network in baseline["networks"].values()] == [3, 3, 3]
    baseline["fingerprint"]["cpu"] = "another CPU"
    path.write_text(json.dumps(baseline), encoding="utf-8")
    assert (
        mbconv_in_process("check", "--format", "json").returncode == 0
    )  # found by itself; nothing changed, nothing is measured
    changed = PARENT.replace("activation: relu6", "activation: relu")
    (repository / "nets" / "steady.yaml").write_text(changed, encoding="utf-8")
    done = mbconv_in_process("check", "--baseline", "mbconv-baseline.json", "--format", "json")
    assert done.returncode == 3
    row = rows(done.stdout)["steady", "latency_ms"]
    assert row["verdict"] == "not comparable"
    assert "cpu (another CPU, here " in row["message"]
    assert "instruction_set" not in row["message"]
    assert "--against" in row["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--against", "nowhere"), "no revision 'nowhere'"),
        (("--against", "main", "--baseline", "b.json"), "give one of them"),
        (("--baseline", "b.json"), "b.json: no such baseline; `mbconv baseline write` makes one"),
        (("--config", "c.yaml"), "c.yaml: No such file or directory"),
        (("--processes", "2"), "--processes"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_wrong_usage(mbconv_in_process: Run, arguments: tuple[str, ...], message: str) -> None:
    done = mbconv_in_process("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
