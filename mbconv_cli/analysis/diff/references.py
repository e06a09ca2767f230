"""What a diff's BASE and HEAD mean: a name, a path, a file as of a git revision, a stored profile, or `-`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, TypeAlias

from mbconv_cli.analysis.diff.stored_profiles import StoredProfile, stored_profile
from mbconv_cli.analysis.networks import CodeOptions, OpenNetwork, open_network
from mbconv_cli.errors import InputError
from mbconv_cli.git.revisions import parse_revision
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import STDIN, Catalogue, read, read_stdin
from mbconv_cli.spec.code_reference import parse_code
from mbconv_cli.spec.loader import load_text

Opened: TypeAlias = OpenNetwork | StoredProfile

REPORT_SUFFIX: Final = ".json"
STDIN_NAME: Final = "<stdin>"


def open_both(base: str, head: str, catalogue: Catalogue, code: CodeOptions | None = None) -> tuple[Opened, Opened]:
    """Both networks.

    Args:
        base: what is compared with.
        head: what is compared.
        catalogue: where names are looked up.
        code: how to run those that are code; refused if absent.

    Raises:
        InputError: one of them cannot be found, read or understood, or both should come from standard input.
    """
    if base == head == STDIN:
        raise InputError("- for both: standard input holds one network; give the other by its name or path")
    named = [reference for reference in (base, head) if parse_code(reference)]
    if code and (code.arguments or code.inputs) and not named:
        raise InputError("--arg and --input are for code such as timm:resnet50; both networks are in YAML")
    return _opened(base, catalogue, code), _opened(head, catalogue, code)


def _opened(reference: str, catalogue: Catalogue, code: CodeOptions | None) -> Opened:
    if reference == STDIN:
        return _from_stdin(catalogue)
    if reference.endswith(REPORT_SUFFIX):
        return stored_profile(read(parse_revision(reference) or Path(reference)), reference)
    return open_network(reference, catalogue=catalogue, code=code if parse_code(reference) else None)


def _from_stdin(catalogue: Catalogue) -> Opened:
    text = read_stdin()
    if _is_report(text):
        return stored_profile(text, STDIN_NAME)
    loaded = load_text(text, STDIN_NAME, catalogue=catalogue)
    return OpenNetwork(loaded.spec, plan_loaded(loaded))


def _is_report(text: str) -> bool:
    """Whether it is JSON that names a schema: a spec can be written in JSON too, but has no such key."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "schema" in document
