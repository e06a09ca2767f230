"""What two versions of `mbconv check` say of each event in a repository's life, side by side as a table.

The events are those of `tests/check/life_of_a_repository.py`, in real git; a version is a checkout of this repository.

    python benchmarks/gate_life.py OLD_CHECKOUT NEW_CHECKOUT > benchmarks/results/gate-life.md
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.check.life_of_a_repository import EVENTS, Event
from tests.repositories import new_repository

ANNOTATION = re.compile(r"::(?P<kind>\w+) file=(?P<file>[^,]*)(?:,line=(?P<line>\d+))?")
HEAD = "| event | before: exit code and summary | annotations | after: exit code and summary | annotations |"


def outcome(checkout: Path, folder: Path, event: Event) -> str:
    """The exit code with the one-line summary, and the annotated lines, as two cells."""
    start = f"import sys; sys.path.insert(0, {str(checkout)!r}); from mbconv_cli.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, "check", *event.arguments, "--format", "github"],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    lines = done.stdout.splitlines()
    summary = lines[0].rpartition(": ")[2] if lines else f"no report; {done.stderr.splitlines()[0].partition(';')[0]}"
    places = [f"{match['kind']} {match['file']}:{match['line']}" for match in map(ANNOTATION.match, lines) if match]
    return f"{done.returncode}: {summary} | {', '.join(places)}"


def main() -> None:
    """A line for each event, as soon as it is known."""
    checkouts = [Path(argument).resolve() for argument in sys.argv[1:3]]
    print(HEAD, "|---" * 5 + "|", sep="\n")
    for event in EVENTS:
        with tempfile.TemporaryDirectory() as folder:
            event.happens(new_repository(Path(folder)))
            cells = [outcome(checkout, Path(folder, event.folder), event) for checkout in checkouts]
        print(f"| {event.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
