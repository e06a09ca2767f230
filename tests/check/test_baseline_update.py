from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.check.baseline_update import changes, named_keys, updated
from mbconv_cli.check.config import LoadedConfig, load_config
from mbconv_cli.check.take_baseline import take_baseline
from mbconv_cli.errors import InputError
from mbconv_cli.report.baseline import Baseline
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK

WIDER = NETWORK.replace("output_filters: 16", "output_filters: 24")
FILE = Path("b.json")


@pytest.fixture
def config(tmp_path: Path) -> LoadedConfig:
    (tmp_path / "nets").mkdir()
    for name in ("a", "b"):
        (tmp_path / "nets" / f"{name}.yaml").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("networks: [nets/a.yaml, 'nets/b*.yaml']\n", encoding="utf-8")
    return load_config(tmp_path / "c.yaml")


def taken(config: LoadedConfig, *names: str, old: Baseline | None = None) -> Baseline:
    only = named_keys(names, config, Catalogue(), old) if names else None
    new = take_baseline(config, Catalogue(), None, only)
    return updated(old, new, only, FILE) if only else new


@pytest.mark.parametrize("name", ["a", "nets/a.yaml", "{folder}/nets/a.yaml"])
def test_only_the_entry_that_is_named_is_brought_up_to_date(config: LoadedConfig, name: str) -> None:
    old = taken(config)
    for network in ("a", "b"):
        (config.folder / "nets" / f"{network}.yaml").write_text(WIDER, encoding="utf-8")
    new = taken(config, name.format(folder=config.folder), old=old)
    assert new.networks["nets/b.yaml"] == old.networks["nets/b.yaml"]
    (sentence,) = changes(old, new)
    assert sentence.startswith("nets/a.yaml: params 6,730 -> 11,690 (+74 %), MACs 517,280 -> 815,344 (+58 %)")


def test_an_entry_whose_file_is_gone_is_dropped(config: LoadedConfig) -> None:
    old = taken(config)
    (config.folder / "nets" / "a.yaml").unlink()
    new = taken(config, "a", old=old)
    assert list(changes(old, new)) == ["nets/a.yaml: gone"]


def test_a_latency_is_kept_where_the_network_is_the_same(config: LoadedConfig) -> None:
    old = taken(config)
    timed = {key: one.model_copy(update={"latency_ms": (1.0, 2.0)}) for key, one in old.networks.items()}
    old = old.model_copy(update={"networks": timed, "fingerprint": {"cpu": "Abacus"}})
    (config.folder / "nets" / "b.yaml").write_text(WIDER, encoding="utf-8")
    new = taken(config, "a", "b", old=old)
    assert new.fingerprint == {"cpu": "Abacus"}
    assert (new.networks["nets/a.yaml"].latency_ms, new.networks["nets/b.yaml"].latency_ms) == ((1.0, 2.0), None)
    assert "no latency any more" in next(changes(old, new))


def test_figures_of_other_conditions_are_not_mixed(config: LoadedConfig) -> None:
    old = taken(config)
    with pytest.raises(InputError, match="counted by another convention; write all of it"):
        updated(old.model_copy(update={"convention": "other"}), old, ["nets/a.yaml"], FILE)
    here, there = (old.model_copy(update={"fingerprint": {"cpu": cpu}}) for cpu in ("Abacus", "another"))
    with pytest.raises(InputError, match="measured under other conditions; write all of it"):
        updated(there, here, ["nets/a.yaml"], FILE)


def test_a_name_that_the_config_does_not_select_is_refused(config: LoadedConfig) -> None:
    with pytest.raises(InputError, match=r"nets/aa\.yaml: the config does not select it; did you mean 'nets/a\.yaml'"):
        taken(config, "nets/aa.yaml")
