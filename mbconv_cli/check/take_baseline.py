"""What do all networks of a config cost now? The answer in the form in which it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mbconv_cli import __version__
from mbconv_cli.analysis.measuring import MeasureRequest, measure_sets
from mbconv_cli.check.conditions import conditions
from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.measured_judgement import GATE_SECONDS
from mbconv_cli.check.metrics import exact_metrics
from mbconv_cli.check.selection import ReadNetwork, UnreadNetwork, labels, read_network, select, unmatched
from mbconv_cli.cost.convention import CONVENTION
from mbconv_cli.errors import InputError, Problem
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.statistics.control_variate import ProcessFigure, known_levels
from mbconv_cli.report.baseline import Baseline, StoredNetwork
from mbconv_cli.spec.catalogue import Catalogue


def take_baseline(
    config: LoadedConfig, catalogue: Catalogue, measure: MeasureRequest | None, only: Collection[str] | None = None
) -> Baseline:
    """The exact metrics of all networks that a config selects, and their latencies where they are measured.

    Args:
        config: which networks.
        catalogue: where names are looked up.
        measure: where and how often to measure; nothing is measured if absent.
        only: the keys of those that are wanted; all if absent. One whose file is gone is left out.

    Raises:
        InputError: the config selects nothing, or a network cannot be read; all mistakes are reported together.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    networks = _read(config, catalogue, only)
    figures: dict[str, tuple[ProcessFigure, ...]] = {}
    launched: dict[str, tuple[float, ...]] = {}
    measured_under = None
    if measure is not None and networks:
        batch_size = config.config.latency.batch_size
        sets = [(network.plan,) for network in networks.values()]
        seconds, launches = GATE_SECONDS * len(sets), config.config.times_launches
        measured = measure_sets(sets, measure, batch_size=batch_size, seconds=seconds, launches=launches)
        measured_under = conditions({**host_fingerprint(), **measured.machine}, batch_size)
        for index, key in enumerate(networks):
            figures[key] = tuple(outcome.figure(index, 0) for outcome in measured.outcomes)
            if launches and measured.launched_ms:
                launched[key] = tuple(outcome.launched_ms[index][0] for outcome in measured.outcomes)
    label = labels(networks)
    stored = {
        key: _stored(label[key], network, figures.get(key, ()), launched.get(key)) for key, network in networks.items()
    }
    return Baseline(mbconv=__version__, convention=CONVENTION, fingerprint=measured_under, networks=stored)


def _read(config: LoadedConfig, catalogue: Catalogue, only: Collection[str] | None) -> Mapping[str, ReadNetwork]:
    networks: dict[str, ReadNetwork] = {}
    patterns = unmatched(config, catalogue)
    problems = [Problem(f"networks: no network matches {entry!r}", mark) for entry, mark in patterns.items()]
    for key, selected in select(config, catalogue).items():
        if only is not None and (key not in only or not selected.place_exists):
            continue
        match read_network(selected.place, catalogue):
            case ReadNetwork() as network:
                networks[key] = network
            case UnreadNetwork(found):
                problems += found
    if problems:
        raise InputError(*problems)
    return networks


def _stored(
    name: str, network: ReadNetwork, figures: Sequence[ProcessFigure], launched: tuple[float, ...] | None
) -> StoredNetwork:
    levels = tuple(known_levels(figures))
    return StoredNetwork(
        name=name,
        input_shape=network.plan.input_shape,
        spec_sha256=network.sha256,
        metrics=exact_metrics(network.plan),
        latency_ms=tuple(one.latency_ms for one in figures) or None,
        launched_ms=launched,
        reference_ms=levels or None,
    )
