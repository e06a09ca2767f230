"""Real git repositories for tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

NETWORK = """\
input: {resolution: 32}
activation: swish
stem: {output_filters: 8}
blocks:
  - {kernel_size: 3, output_filters: 8, expand_ratio: 1}
  - {kernel_size: 3, num_repeat: 2, output_filters: 16, expand_ratio: 6, stride: 2}
classifier: {num_classes: 10}
"""
"""A small network, for a repository to hold."""


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository in a folder."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Runs git in the folder, with nobody's configuration."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *author, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, check=True)
        return os.fsdecode(done.stdout).strip()

    def write(self, files: dict[str, str | None]) -> None:
        """Writes files; None takes one away."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: dict[str, str | None]) -> str:
        """Writes files (None takes one away), commits all, and gives the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        return self.git("rev-parse", "HEAD")


def new_repository(folder: Path) -> GitRepository:
    """An empty repository, whose branch is `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = GitRepository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository
