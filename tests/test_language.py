"""Plain technical English wherever a person reads: phrases that this project once used and no longer does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PHRASES = {
    "told": r"\btold\b",
    "demand": r"\bdemand",
    "said of": r"\bsaid of\b",
    "say of": r"\b[Ss]ays? (what|of)\b",
    "one a process": r"\bone a (process|pass|run)\b",
    "of such": r"\b(of|on) such a?\b",
    "nothing if nothing": r"nothing if nothing",
    "with what": r"\bwith what confidence\b",
    "is no device": r"\bis no (device|share|time to)\b",
}
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = sorted((ROOT / "mbconv_cli").rglob("*.py"))


def names_and_texts(source: str) -> list[tuple[int, str]]:
    """Names of definitions, strings (help and messages among them) and docstrings of a file, with their lines."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name, lineno=line) | ast.ClassDef(name=name, lineno=line):
                found.append((line, name.replace("_", " ")))
            case ast.Constant(value=str(text), lineno=line):
                found.append((line, text))
    return found


def comments(source: str) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(source.splitlines(), start=1) if "#" in line]


@pytest.mark.parametrize("path", [*CODE, *DOCUMENTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_phrase_of_the_list(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    texts = (
        [*names_and_texts(source), *comments(source)] if path.suffix == ".py" else list(enumerate(source.splitlines()))
    )
    hits = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for line, text in texts
        for name, phrase in PHRASES.items()
        if re.search(phrase, text)
    ]
    assert hits == []


def test_file_names_are_unique_in_the_package() -> None:
    names = [path.name for path in CODE if path.name != "__init__.py"]
    assert sorted(names) == sorted(set(names))


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200
