"""A first `mbconv-check.yaml`, with comments, from the networks below a folder."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import SUFFIXES, read
from mbconv_cli.units import counted
from mbconv_cli.yaml.yaml_text import read_yaml

MOST_FILES: Final = 20_000
"""YAML files that are looked into; a folder with more is no repository of networks."""
_HEAD: Final = """\
# What `mbconv check` checks: which networks, and what each may come to. `mbconv schema --check` describes every key.
networks:
"""
_RULES: Final = """\

# The rules of all networks. `max` is a budget, e.g. 5.3M; `max_increase` is above the base: where HEAD branched off
# from the revision of `mbconv check --against origin/main`, or a file of `mbconv baseline write`.
metrics:
  params: {max_increase: 0}
  macs: {max_increase: 0}
  peak_bytes: {max_increase: 5%, level: warn} # warn: a failure is only a warning
  # latency_ms: {max_increase: 3%} # measured with PyTorch, old and new in turn, some 30 s for each changed network

# Rules of some networks, laid over those above key by key.
# overrides:
#   - match: mobilenet-*
#     metrics: {params: {max: 5.5M}}

# Networks that only one side has: allow, warn or fail. Renamed ones are compared with what they were.
# added: allow
# removed: fail

# A wanted increase, in the change that makes it; it ends once the base has it.
# accept:
#   - {network: mobilenet-v2, metric: params, value: 5.4M, reason: a wider head}

# Fail where a rule is looser than the base's, instead of a warning on its line.
# rules: frozen
"""


def first_config(folder: Path) -> tuple[str, int]:
    """The text of a config for all networks below a folder, and how many these are.

    Raises:
        InputError: there is none, or there are too many files to look into.
    """
    by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
    others: defaultdict[Path, int] = defaultdict(int)
    for path in _yaml_files(folder):
        if _is_network(path):
            by_folder[path.parent].append(path)
        else:
            others[path.parent] += 1
    if not by_folder:
        raise InputError(f"no network's YAML file is below {folder.absolute()}; `mbconv list` shows those that ship")
    entries = [line for place in sorted(by_folder) for line in _entries(folder, by_folder[place], others[place])]
    return _HEAD + "\n".join(entries) + "\n" + _RULES, sum(map(len, by_folder.values()))


def _entries(folder: Path, networks: list[Path], others: int) -> Iterator[str]:
    """A pattern for a folder of nothing but networks of one suffix, else a line for each; the config is beside some."""
    suffixes = {path.suffix for path in networks}
    if networks[0].parent != folder and others == 0 and len(suffixes) == 1 and len(networks) > 1:
        place = (networks[0].parent.relative_to(folder) / f"*{suffixes.pop()}").as_posix()
        yield f"  - {json.dumps(place)} # {counted(len(networks), 'network')}"
        return
    for path in networks:
        place = path.relative_to(folder).as_posix()
        yield f"  - {json.dumps(place)}"


def _yaml_files(folder: Path) -> Iterator[Path]:
    """All of them below a folder, in order, without hidden folders and virtual environments."""
    count = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and not Path(place, name, "pyvenv.cfg").exists())
        for name in sorted(files):
            if name.endswith(SUFFIXES):
                count += 1
                yield Path(place, name)
        if count > MOST_FILES:
            raise InputError(f"more than {MOST_FILES:,} YAML files are below {folder.absolute()}; start further down")


def _is_network(path: Path) -> bool:
    """Whether a file looks like a network, also one with mistakes."""
    try:
        data: Any = read_yaml(read(path), str(path)).data
    except InputError:
        return False
    return isinstance(data, dict) and ("extends" in data or {"input", "blocks"} <= set(data))
