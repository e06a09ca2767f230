"""Single entries of a stored baseline brought up to date, and what a new baseline changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.metrics import EXACT
from mbconv_cli.check.selection import Selected, select, stem_of
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.report.baseline import Baseline, StoredNetwork
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.units import change_text

_MEASURED: Final = ("latency_ms", "launched_ms", "reference_ms")


def named_keys(names: Sequence[str], config: LoadedConfig, catalogue: Catalogue, old: Baseline | None) -> set[str]:
    """What a baseline calls the networks that a user names: by path from here, by key, or by the file's stem.

    Raises:
        InputError: the config selects no such network, and the baseline has none.
    """
    selected = select(config, catalogue)
    known = dict.fromkeys([*selected, *(old.networks if old else ())])
    found: set[str] = set()
    for name in names:
        keys = [key for key in known if _is_named(name, key, selected.get(key), config)]
        if not keys:
            hint = did_you_mean(name, [*known, *map(stem_of, known)]) or f"; add it to `networks` in {config.path}"
            raise InputError(f"{name}: the config does not select it{hint}")
        found.update(keys)
    return found


def _is_named(name: str, key: str, selected: Selected | None, config: LoadedConfig) -> bool:
    place = selected.place if selected else config.folder / key
    same_file = isinstance(place, Path) and Path(name).absolute() == place.absolute()
    return same_file or name in {key, stem_of(key)}


def updated(old: Baseline | None, new: Baseline, keys: Iterable[str], path: Path) -> Baseline:
    """The old baseline with some entries as in the new one; those that the new one lacks are gone.

    A latency is kept where the network is the same and was not measured again.

    Raises:
        InputError: the two were counted otherwise, or measured under other conditions.
    """
    if old is None:
        return new
    if old.convention != new.convention:
        raise InputError(f"{path} was counted by another convention; write all of it, without naming networks")
    if new.fingerprint and old.fingerprint and new.fingerprint != old.fingerprint:
        raise InputError(f"{path} was measured under other conditions; write all of it, without naming networks")
    networks = dict(old.networks)
    for key in keys:
        before, after = networks.pop(key, None), new.networks.get(key)
        if after:
            networks[key] = _with_latency_of(before, after)
    fingerprint = new.fingerprint or old.fingerprint
    return new.model_copy(update={"networks": networks, "fingerprint": fingerprint})


def _with_latency_of(before: StoredNetwork | None, after: StoredNetwork) -> StoredNetwork:
    if before is None or after.latency_ms or before.spec_sha256 != after.spec_sha256:
        return after
    return after.model_copy(update={key: getattr(before, key) for key in _MEASURED})


def changes(old: Baseline | None, new: Baseline) -> Iterator[str]:
    """A sentence for each network that the new baseline has otherwise than the old one."""
    before = old.networks if old else {}
    for key, network in new.networks.items():
        if key not in before:
            yield f"{key}: new"
        elif moved := [*_moved(before[key], network)]:
            yield f"{key}: {', '.join(moved)}"
    yield from (f"{key}: gone" for key in before if key not in new.networks)


def _moved(before: StoredNetwork, after: StoredNetwork) -> Iterator[str]:
    for key, figure in after.metrics.items():
        old = before.metrics.get(key)
        if old != figure and key in EXACT:
            share = f" ({change_text(Fraction(figure - old, old))})" if old else ""
            yield f"{EXACT[key].title} {'none' if old is None else f'{old:,}'} -> {figure:,}{share}"
    if before.latency_ms != after.latency_ms:
        yield "latency measured" if after.latency_ms else "no latency any more"
