"""Runs the command many times in one process in which torch and fvcore cannot be imported.

Standard input is a JSON list of argument lists; standard output a JSON list of exit codes, outputs and messages.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class NoTorch(MetaPathFinder):
    """Refuses what takes seconds to import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for all modules but the heavy ones."""
        if name.partition(".")[0] in {"torch", "fvcore", "numpy"}:
            raise AssertionError(f"{name} is imported, from {path}, for {target}")
        return None


def run(arguments: list[str]) -> dict[str, object]:
    """One run of the command."""
    from mbconv_cli.cli import main

    sys.argv = ["mbconv", *arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    code: object = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
    return {"code": code, "out": _text(out), "err": _text(err)}


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


if __name__ == "__main__":
    sys.meta_path.insert(0, NoTorch())
    json.dump([run(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
