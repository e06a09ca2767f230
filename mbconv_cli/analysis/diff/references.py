"""What a diff's BASE and HEAD mean: a name, a path, a file as of a git revision, a stored profile, or `-`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, TypeAlias

from mbconv_cli.analysis.diff.stored_profiles import StoredProfile, stored_profile
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.errors import InputError
from mbconv_cli.git.revisions import parse_revision
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import STDIN, Catalogue, read, read_stdin
from mbconv_cli.spec.loader import load_text

Opened: TypeAlias = OpenNetwork | StoredProfile

REPORT_SUFFIX: Final = ".json"
STDIN_NAME: Final = "<stdin>"


def open_both(base: str, head: str, catalogue: Catalogue) -> tuple[Opened, Opened]:
    """Both networks.

    Raises:
        InputError: one of them cannot be found, read or understood, or both should come from standard input.
    """
    if base == head == STDIN:
        raise InputError("- for both: standard input holds one network; give the other by its name or path")
    return _opened(base, catalogue), _opened(head, catalogue)


def _opened(reference: str, catalogue: Catalogue) -> Opened:
    if reference == STDIN:
        return _from_stdin(catalogue)
    if reference.endswith(REPORT_SUFFIX):
        return stored_profile(read(parse_revision(reference) or Path(reference)), reference)
    return open_network(reference, catalogue=catalogue)


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
