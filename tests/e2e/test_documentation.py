"""The documentation: every command in it runs, in order, on the files that its page shows, and prints what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import Run

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
FENCE: Final = re.compile(r"^ *```([a-z]+)\n(.*?)^ *```\n", re.DOTALL | re.MULTILINE)
FILE: Final = re.compile(r"# ([\w./-]+\.(?:yaml|yml|py|toml))$", re.MULTILINE)
CODE: Final = re.compile(r"# exit code (\d)$")
COLUMNS: Final = "80"
WRITTEN: Final = {"commands", "files"}
"""Pages that are written when the site is built."""
NOT_RUN: Final = {
    "mbconv frontier --budget latency_ms": "measures every network",
    "mbconv frontier mobilenet-v2 mobilenet-v3-large ./mine.yaml": "needs the reader's accuracy",
    "mbconv sweep --space mnasnet --sample 100000 --scheduler": "needs a cluster",
    "mbconv sweep mobilenet-v2 --vary scaling.width=0.5:1:0.25 --measure --scheduler": "needs a cluster",
    "mbconv table build": "measures many networks",
    "mbconv profile ./mine.yaml --predict": "needs a table of this machine",
    "mbconv frontier --predict": "needs a table of this machine",
    "mbconv sweep --space mnasnet --predict": "needs a table of this machine",
    "mbconv sweep --space mnasnet-uniform --predict": "needs a table of this machine",
}
"""How commands begin that cannot be run everywhere, each with the reason."""
BRIEF: Final = """
[profile]
threads = 1
processes = 1
max-time = 1
[diff]
threads = 1
processes = 2
"""
"""How long is measured does not matter here: the reader's defaults, in `mbconv.toml`, have it brief."""
SMALLER: Final = {
    "--sample 100000": "--sample 200",
    "timm:tf_efficientnetv2_s": "timm:mobilenetv3_small_050",
    "mobilenet-v3-small --threads 1 --precision 2% --max-time 60": "mobilenet-v3-small --threads 1 --max-time 1",
}
"""What takes long is done with less."""
GIT: Final = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
    ("NAME", "n"), ("EMAIL", "n@example.org"), ("DATE", "2026-01-01T00:00:00Z"),
)}  # fmt: skip


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the reader runs, the exit code that the page names, and the output that it shows."""

    line: str
    code: int
    output: str | None


def steps(page: str) -> Iterator[File | Command]:
    """What a reader of a page does, in order; a block of text right behind commands is what the last one prints."""
    found = list(FENCE.finditer(page))
    for index, fence in enumerate(found):
        language, text = fence[1], fence[2]
        if language in {"yaml", "python", "toml"} and (name := FILE.match(text)):
            yield File(name[1], text)
        if language == "sh":
            after = found[index + 1] if index + 1 < len(found) else None
            shown = after[2] if after and after[1] == "text" and after.start() == fence.end() else None
            lines = [line for line in map(str.strip, text.splitlines()) if line.startswith(("mbconv ", "git "))]
            for line in filter(_can_be_run, lines):
                code = CODE.search(line)
                yield Command(line, int(code[1]) if code else 0, shown if line is lines[-1] else None)


def _can_be_run(line: str) -> bool:
    return not line.startswith(tuple(NOT_RUN)) and "--device cuda" not in line  # an accelerator is not everywhere


PAGES: Final = {
    page.stem: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")) if page.stem not in WRITTEN
}
RUN: Final = [name for name, page in PAGES.items() if list(steps(page))]


@pytest.mark.parametrize("name", RUN)
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mbconv_in_process: Run
) -> None:
    for key, value in GIT.items():
        monkeypatch.setenv(key, value)
    (tmp_path / "mbconv.toml").write_text(BRIEF, encoding="utf-8")
    for step in steps(PAGES[name]):
        if isinstance(step, File):
            (tmp_path / step.path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / step.path).write_text(step.text, encoding="utf-8")
            continue
        program, *arguments = shlex.split(_smaller(step.line), comments=True)
        if program == "git":
            subprocess.run([program, *arguments], cwd=tmp_path, check=True, capture_output=True)
            continue
        done = mbconv_in_process(*arguments, COLUMNS=COLUMNS)
        assert done.returncode == step.code, (step.line, done.stdout, done.stderr)
        assert done.stdout or list(tmp_path.iterdir())
        if step.output is not None:
            printed = done.stdout or done.stderr
            assert re.fullmatch(_pattern(step.output), printed), f"{step.line}\n{printed}"


def _smaller(line: str) -> str:
    for large, small in SMALLER.items():
        line = line.replace(large, small)
    return line


def _pattern(shown: str) -> str:
    """What output a page's lines allow: `...` stands for any lines."""
    lines = (r"(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()) + r"[ ]*\n" for line in shown.splitlines())
    return "".join(lines)


def test_every_page_is_in_the_contents() -> None:
    listed = set((DOCS / "index.md").read_text(encoding="utf-8").splitlines())
    assert (PAGES.keys() | WRITTEN) - {"index"} <= listed


def test_what_a_page_shows_is_compared() -> None:
    text = "```sh\nmbconv list # exit code 1\n```\n```text\na\n...\nc\n```\n"
    (command,) = steps(text)
    assert command == Command("mbconv list # exit code 1", 1, "a\n...\nc\n")
    assert re.fullmatch(_pattern("a\n...\nc\n"), "a\nb\nb\nc\n")
    assert not re.fullmatch(_pattern("a\n...\nc\n"), "a\nb\n")
