"""The command in a pipe: what goes where, and what happens when that place is closed or full."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import MODULE, Environment, Run

YAML = "input: {channels: 3, resolution: 32}\nblocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"
NEEDS_DEV_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")


def test_the_script_beside_the_interpreter_is_the_same_program(environment: Environment, tmp_path: Path) -> None:
    script = shutil.which("mbconv", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("the package is not installed in this environment, so there is no script")
    outputs = [
        subprocess.run([*program, "list"], capture_output=True, env=environment({}), cwd=tmp_path, check=True).stdout
        for program in ([script], MODULE)
    ]
    assert outputs[0] == outputs[1]


def test_a_network_from_standard_input(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("profile", "-", "--no-latency", "--format", "json", stdin=YAML)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["subject"]["name"] == "stdin"


def test_a_wrong_network_from_standard_input(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("show", "-", stdin=YAML.replace("blocks", "bloks"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "mbconv: <stdin>:2:1: unknown key 'bloks'; did you mean 'blocks'?\n" in done.stderr


def test_a_pipe_gets_all_columns_and_no_styles(mbconv: Run) -> None:
    done = mbconv("profile", "mobilenet-v3-small", "--no-latency", "--by", "layer")
    heading = done.stdout.splitlines()[3]
    assert heading.split("  ")[0] == "layer"
    for title in ("op", "role", "stage", "block", "input shape", "output shape", "params", "MACs", "FLOPs", "bytes"):
        assert title in heading
    assert "\x1b" not in done.stdout
    assert "hidden:" not in done.stdout


def test_a_pipe_keeps_to_the_columns_that_are_asked_for(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("profile", "mobilenet-v3-small", "--no-latency", COLUMNS="60")
    assert max(map(len, done.stdout.splitlines())) <= 60
    assert "rounded: params, MACs (--exact shows all digits)" in done.stdout


def test_quiet_leaves_errors_and_the_result(mbconv_in_process: Run) -> None:
    arguments = ("profile", "mobilenet-v3-small", "--no-latency", "--by", "stage", "--format", "csv")
    loud, quiet = (
        mbconv_in_process("diff", *("mobilenet-v1", "mobilenet-v2"), "--format", "csv"),
        mbconv_in_process(*arguments, "--quiet"),
    )
    assert "mbconv: CSV has one table" in loud.stderr
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "mbconv: no network" in mbconv_in_process("show", "nothing-like-it", "--quiet").stderr


def test_an_option_that_changes_nothing_is_refused(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("show", "mobilenet-v1", "--exact", "--format", "json")
    assert (done.returncode, done.stderr) == (
        2,
        "mbconv: --exact changes nothing in --format json, which has everything\n",
    )


def test_force_color_colours_a_pipe_and_no_color_wins(mbconv_in_process: Run) -> None:
    assert "\x1b[" in mbconv_in_process("list", FORCE_COLOR="1").stdout
    assert "\x1b[" not in mbconv_in_process("list", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[" not in mbconv_in_process("list", FORCE_COLOR="").stdout


def test_ascii_alone_is_enough(mbconv: Run, tmp_path: Path) -> None:
    (tmp_path / "ünï.yaml").write_text(YAML, encoding="utf-8")
    done = mbconv("profile", "ünï.yaml", "--no-latency", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\\xfcn\\xef, input shape" in done.stdout
    for output_format in ("json", "csv", "markdown"):
        done = mbconv("profile", "ünï.yaml", "--no-latency", "--format", output_format, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stdout.isascii()) == (0, True)


def test_a_message_about_a_name_that_is_no_text(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("show", os.fsdecode(b"./\xff\x1b[31m.yaml"))
    assert done.returncode == 2
    assert done.stderr == "mbconv: \\udcff\\x1b[31m.yaml: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["profile", "mobilenet-v2", "--no-latency"], ["schema"], ["--version"], ["verify", "--help"]],
)
def test_a_closed_pipe(arguments: list[str], environment: Environment, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*MODULE, *arguments],
            stdout=writer,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment({}),
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")  # as of any program that SIGPIPE ends


@NEEDS_DEV_FULL
@pytest.mark.parametrize("arguments", [["list"], ["schema"], ["--version"], ["--help"]])
def test_a_full_disk(arguments: list[str], environment: Environment, tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*MODULE, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment({}),
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "mbconv: standard output: No space left on device\n")


def test_no_standard_output_at_all(environment: Environment, tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$0" "$@" >&-', *MODULE, "list"]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment({}), cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (2, "mbconv: standard output is closed\n")


def test_no_standard_error_at_all(environment: Environment, tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$0" "$@" 2>&-', *MODULE, "show", "nowhere"]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment({}), cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")


@NEEDS_DEV_FULL
def test_a_full_disk_as_output(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("list", "-o", "/dev/full")
    assert (done.returncode, done.stderr) == (2, "mbconv: /dev/full: not written: No space left on device\n")


@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
def test_a_file_gets_what_a_pipe_gets(mbconv_in_process: Run, tmp_path: Path, output_format: str) -> None:
    arguments = ["profile", "mobilenet-v3-small", "--no-latency", "--by", "stage", "--format", output_format]
    assert mbconv_in_process(*arguments, "-o", "report").stdout == ""
    assert (tmp_path / "report").read_text(encoding="utf-8") == mbconv_in_process(*arguments).stdout


def test_debug_shows_the_traceback_and_the_message(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("--debug", "show", "nowhere")
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("mbconv: no network is called 'nowhere'")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("profile bottleneck-v3-se", ["bottleneck-v3-se-last"]),
        ("profile ./mi", ["./mine/", "./mine.yaml"]),
        ("profile mine/", ["mine/other.yml"]),
        ("profile nowhere/", []),
        ("diff ./mi", ["./mine/", "./mine.yaml", "./mine.json"]),
        ("diff mobilenet-v2 --by st", ["stage"]),
        ("profile x --format j", ["json"]),
        ("profile x --format b", ["bmf", "benchmark-action"]),
        ("list --format b", []),
        ("check --format j", ["json", "junit"]),
        ("profile x --by st", ["stage"]),
        ("profile x --dtype b", ["bfloat16"]),
        ("profile x --memory-format ch", ["channels_last"]),
        ("profile x --mode c", ["compile", "cudagraph"]),
        ("profile x --pass t", ["train"]),
        ("pro", ["profile"]),
        ("profil mobile", []),
        ("verify mnasnet-a1 mnasnet-sm", ["mnasnet-small"]),
        ("compare-kernels --in-network mixnet-s", ["mixnet-s"]),
        ("show x --format y", ["yaml"]),
        ("list --arch", ["--arch-dir"]),
    ],
)
def test_bash_completes(mbconv_in_process: Run, tmp_path: Path, typed: str, offered: list[str]) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("mine.yaml", "mine.txt", "mine.json", "mine/other.yml"):
        (tmp_path / name).touch()
    words = f"mbconv {typed}"
    done = mbconv_in_process(_MBCONV_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert (done.stdout.split(), done.stderr) == (offered, "")


def test_ctrl_c_in_the_midst_of_generated_code_is_told_by_the_exit_code(environment: Environment) -> None:
    program = (
        "import sys\n"
        "from mbconv_cli import cli\n"
        "from mbconv_cli.commands import list_networks\n"
        "list_networks.list_networks = lambda *_, **__: exec('raise KeyboardInterrupt')\n"
        "sys.argv = ['mbconv', 'list']\n"
        "cli.main()\n"
    )
    run = subprocess.run([sys.executable, "-c", program], env=environment({}), capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (130, b"mbconv: interrupted\n")
