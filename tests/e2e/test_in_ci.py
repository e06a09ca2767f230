"""What is copied into CI: the composite action's script as GitHub runs it, the pre-commit hook, the documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from mbconv_cli.check.config import load_config_text
from tests.e2e.conftest import Environment
from tests.repositories import NETWORK, GitRepository, new_repository

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
CONFIG = """\
networks: ["architectures/*.yaml"]
metrics:
  params: {max_increase: 0}
"""
VARIANT = """\
extends: ./base.yaml
blocks:
  - {kernel_size: 3, expand_ratio: 1, input_filters: 8, output_filters: 8}
"""
HOSTILE = '$(touch pwned) `touch pwned` "; touch pwned; #'
CONFIG_FILE = "mbconv-check.yaml"
# Tells its arguments, and exits as it is asked to.
FAKE = """\
#!/usr/bin/env bash
printf '%s\\n' "$@" > "$TOLD"
exit "${EXIT:-0}"
"""


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def path_with_mbconv(tmp_path: Path) -> str:
    """A PATH that has this checkout's mbconv first."""
    script(tmp_path / "bin" / "mbconv", f'#!/usr/bin/env bash\nexec "{sys.executable}" -m mbconv_cli "$@"\n')
    return f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A network, and a commit that widens it."""
    repository = new_repository(tmp_path / "repository")
    repository.commit({"mbconv-check.yaml": CONFIG, "architectures/ours.yaml": NETWORK})
    repository.commit({"architectures/ours.yaml": NETWORK.replace("output_filters: 16", "output_filters: 24")})
    return repository


def run_step(
    step: Mapping[str, Any], inputs: Mapping[str, str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A step of the action with its inputs, in the shell that GitHub gives it."""
    given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()} | dict(inputs)
    variables = {key: EXPRESSION.sub(lambda match: given[match[1]], value) for key, value in step["env"].items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def run_faked(
    step: Mapping[str, Any], tmp_path: Path, exit_code: str = "0", **inputs: str
) -> tuple[int, list[str], str]:
    """A step with a program in place of mbconv and Python: the exit code, its arguments, and the step's outputs."""
    for program in ("mbconv", "python"):
        script(tmp_path / "bin" / program, FAKE)
    told, outputs = tmp_path / "told", tmp_path / "outputs"
    environment = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TOLD": str(told),
        "EXIT": exit_code,
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_ACTION_PATH": "/the action",
    }
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    done = run_step(step, named, tmp_path, environment)
    arguments = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return done.returncode, arguments, outputs.read_text(encoding="utf-8") if outputs.exists() else ""


def test_no_expression_stands_in_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_every_input_is_used_and_described() -> None:
    used = [
        name for step in ACTION["runs"]["steps"] for value in step["env"].values() for name in EXPRESSION.findall(value)
    ]
    assert sorted(used) == sorted(ACTION["inputs"])
    assert all(one["description"] for one in ACTION["inputs"].values())


def test_arguments_are_those_that_were_given(tmp_path: Path) -> None:
    inputs = {"config": "a b.yaml", "against": "HEAD^1", "args": "--format\njunit\n-o\nan output.xml\n"}
    code, arguments, outputs = run_faked(CHECK, tmp_path, **inputs)
    wanted = ["--config=a b.yaml", "--annotate", "--against=HEAD^1", "--format", "junit", "-o", "an output.xml"]
    assert (code, arguments, outputs) == (0, ["check", *wanted], "exit-code=0\n")


def test_without_inputs_the_usual_config_is_checked(tmp_path: Path) -> None:
    assert run_faked(CHECK, tmp_path)[1] == ["check", "--config=mbconv-check.yaml", "--annotate"]


def test_inputs_are_no_code(tmp_path: Path) -> None:
    code, arguments, _ = run_faked(CHECK, tmp_path, config=HOSTILE, against=HOSTILE, args=f"{HOSTILE}\n*")
    wanted = [f"--config={HOSTILE}", "--annotate", f"--against={HOSTILE}", HOSTILE, "*"]
    assert (code, arguments) == (0, ["check", *wanted])
    assert run_faked(INSTALL, tmp_path, version=HOSTILE)[1][-1] == f"mbconv-cli=={HOSTILE}"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(("version", "package"), [("1.2", "mbconv-cli==1.2"), ("action", "/the action")])
def test_what_is_installed(version: str, package: str, tmp_path: Path) -> None:
    arguments = run_faked(INSTALL, tmp_path, version=version)[1]
    assert (arguments[:3], arguments[-1]) == (["-m", "pip", "install"], package)


@pytest.mark.parametrize(
    ("exit_code", "strict", "expected"),
    [(0, "true", 0), (1, "false", 1), (2, "false", 2), (3, "false", 0), (3, "true", 3), (0, "maybe", 2)],
)
def test_undecided_fails_the_step_only_where_it_is_asked_to(
    exit_code: int, strict: str, expected: int, tmp_path: Path
) -> None:
    code, _, outputs = run_faked(CHECK, tmp_path, str(exit_code), fail_on_undecided=strict)
    assert code == expected
    assert outputs == ("" if strict == "maybe" else f"exit-code={exit_code}\n")


def test_the_action_annotates_the_line_that_costs_more(
    repository: GitRepository, tmp_path: Path, path_with_mbconv: str, environment: Environment
) -> None:
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    variables = {"PATH": path_with_mbconv, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
    variables["RUNNER_TEMP"] = str(tmp_path)
    done = run_step(CHECK, {"against": "HEAD^1"}, repository.folder, environment(variables))
    assert done.returncode == 1, done.stderr
    assert re.search(
        r"^::error file=architectures/ours\.yaml,line=6,col=\d+,title=ours params%3A fail::", done.stdout, re.MULTILINE
    )
    assert outputs.read_text(encoding="utf-8").splitlines() == [
        "verdict=fail",
        "failed=1",
        "warned=0",
        "summary=1 failed, 0 passed",
        f"report={tmp_path / 'mbconv-check.md'}",
        "exit-code=1",
    ]
    assert (tmp_path / "mbconv-check.md").read_text(encoding="utf-8").startswith("<!-- mbconv-check -->")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("<!-- mbconv-check -->\n## mbconv check: mbconv-check.yaml, against HEAD^1, commit ")
    assert "| ours | params |" in text


@pytest.mark.parametrize(("output_format", "repeated"), [("table", False), ("github", True), ("json", True)])
def test_standard_error_repeats_what_is_wrong_unless_the_table_has_just_told_it(
    output_format: str, repeated: bool, repository: GitRepository, environment: Environment
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mbconv_cli", "check", "--against", "HEAD^1", "--format", output_format],
        cwd=repository.folder,
        env=environment({}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "max_increase is 0" in done.stdout
    assert ("max_increase is 0" in done.stderr) == repeated


@pytest.fixture
def pre_commit(
    repository: GitRepository, tmp_path: Path, path_with_mbconv: str, environment: Environment
) -> Callable[[dict[str, str | None]], subprocess.CompletedProcess[str]]:
    """Stages files (None takes one away) in a clone that has the documentation's hooks, and runs pre-commit."""
    pytest.importorskip("pre_commit", reason="pre-commit comes with the linters")
    hooks = new_repository(tmp_path / "hooks")
    revision = hooks.commit({".pre-commit-hooks.yaml": (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")})
    config = examples()[".pre-commit-config.yaml"]
    config["repos"][0] |= {"repo": str(hooks.folder), "rev": revision}
    repository.commit(
        {
            ".pre-commit-config.yaml": yaml.safe_dump(config),
            "architectures/base.yaml": NETWORK,
            "architectures/variant.yaml": VARIANT,
            "architectures/second.yaml": "extends: variant\n",
            "elsewhere.yaml": "no: network\n",
        }
    )
    repository.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = GitRepository(tmp_path / "clone")

    def run(files: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
        clone.write(files)
        clone.git("add", "--all")
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--color", "never"],
            cwd=clone.folder,
            env=environment({"PATH": path_with_mbconv, "PRE_COMMIT_HOME": str(tmp_path / "cache")}),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


PreCommit: TypeAlias = Callable[[dict[str, str | None]], subprocess.CompletedProcess[str]]


def problems(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("mbconv: ")]


def test_pre_commit_passes_what_breaks_nothing(pre_commit: PreCommit) -> None:
    done = pre_commit({"architectures/base.yaml": f"# a comment\n{NETWORK}"})
    assert (done.returncode, problems(done)) == (0, []), done.stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"architectures/broken.yaml": NETWORK + "activaton: relu\n"},
            "mbconv: architectures/broken.yaml:8:1: unknown key 'activaton'; did you mean 'activation'?",
        ),
        ({"architectures/base.yaml": None}, "mbconv: architectures/variant.yaml:1:10: extends: "),
        (
            {"architectures/base.yaml": NETWORK.replace("stride: 2", "stride: 2, se_ratio: 7")},
            "mbconv: architectures/base.yaml:6:",
        ),
    ],
    ids=["a mistake", "a deleted base", "a base that breaks"],
)
def test_pre_commit_finds_what_a_commit_breaks(pre_commit: PreCommit, files: dict[str, str | None], told: str) -> None:
    done = pre_commit(files)
    assert done.returncode == 1, done.stdout
    assert any(line.startswith(told) for line in problems(done)), done.stdout


def test_pre_commit_finds_a_variant_that_its_base_breaks(pre_commit: PreCommit) -> None:
    """The base stays valid; the row of the variant, which the commit does not touch, no longer fits."""
    done = pre_commit({"architectures/base.yaml": NETWORK.replace("{output_filters: 8}", "{output_filters: 16}")})
    assert done.returncode == 1
    assert re.search(r"mbconv: architectures/variant\.yaml:3:\d+: input_filters is 8, but .* 16", done.stdout)


def test_pre_commit_finds_a_costlier_network_and_a_mistake_in_the_config(pre_commit: PreCommit) -> None:
    done = pre_commit({"architectures/base.yaml": NETWORK.replace("output_filters: 16", "output_filters: 24")})
    assert done.returncode == 1
    assert "fail: base params: " in done.stdout
    done = pre_commit({"mbconv-check.yaml": CONFIG.replace("metrics", "metrik")})
    assert done.returncode == 1
    assert "unknown key 'metrik'; did you mean 'metrics'?" in done.stdout


def examples() -> dict[str, Any]:
    """The files that docs/gate.md gives to copy, by the names in their first lines."""
    text = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)
    return {name: yaml.safe_load(text) for name, text in found}


def test_the_config_that_the_readme_gives_is_valid() -> None:
    config = load_config_text(yaml.safe_dump(examples()[CONFIG_FILE]), Path(CONFIG_FILE)).config
    assert config.times
    assert set(config.rules_of("mobilenet-v2")) == {"params", "macs", "latency_ms"}


def test_the_readme_asks_for_what_there_is() -> None:
    files = examples()
    assert set(files) == {CONFIG_FILE, ".github/workflows/networks.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml"}
    steps = files[".github/workflows/networks.yml"]["jobs"]["check"]["steps"]
    ours = next(step for step in steps if step["uses"].startswith("mbconv/"))
    assert set(ours["with"]) <= set(ACTION["inputs"])
    asked = [hook["id"] for hook in files[".pre-commit-config.yaml"]["repos"][0]["hooks"]]
    assert asked == [hook["id"] for hook in HOOKS]


def test_the_command_of_the_gitlab_example_works(repository: GitRepository, environment: Environment) -> None:
    command = next(line for line in examples()[".gitlab-ci.yml"]["networks"]["script"] if line.startswith("mbconv "))
    arguments = command.replace('"$CI_MERGE_REQUEST_DIFF_BASE_SHA"', repository.git("rev-parse", "HEAD^1")).split()
    done = subprocess.run(
        [sys.executable, "-m", "mbconv_cli", *arguments[1:]],
        cwd=repository.folder,
        env=environment({}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert 'failures="1"' in (repository.folder / "mbconv.xml").read_text(encoding="utf-8")


GH = """\
#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$TOLD"
case "$*" in *--paginate*) printf '%s' "$FOUND" ;; esac
"""


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("7\n9\n", "api --method PATCH repos/us/nets/issues/comments/7 -F body=@r.md --silent"),
        ("", "api --method POST repos/us/nets/issues/1/comments -F body=@r.md --silent"),
    ],
)
def test_the_workflow_keeps_one_comment_up_to_date(tmp_path: Path, found: str, told: str) -> None:
    steps = examples()[".github/workflows/networks.yml"]["jobs"]["check"]["steps"]
    comment = next(step for step in steps if "comment" in step.get("name", ""))
    assert "${{" not in comment["run"]
    script(tmp_path / "bin" / "gh", GH)
    variables = {"FOUND": found, "TOLD": str(tmp_path / "told"), "REPORT": "r.md", "GITHUB_REPOSITORY": "us/nets"}
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", comment["run"]],
        env={
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "COMMENTS": "repos/us/nets/issues/1/comments",
        }
        | variables,
        check=True,
    )
    asked, answered = (tmp_path / "told").read_text(encoding="utf-8").splitlines()
    assert asked.startswith("api --paginate repos/us/nets/issues/1/comments --jq .[] | select(.user.login")
    assert answered == told
