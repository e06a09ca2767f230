"""`accept:` in the config: a wanted increase passes once, with its reason in the report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import Checked
from mbconv_cli.errors import CheckFailedError, InputError
from tests.check.conftest import rows_of
from tests.repositories import NETWORK, GitRepository

Check = Callable[..., Checked]
CONFIG = "networks: ['nets/*.yaml']\nmetrics: {params: {max_increase: 0}}\n"
WIDER = NETWORK.replace("output_filters: 16", "output_filters: 24")
PARAMS, WIDER_PARAMS = 6_730, 11_690


def accept(entry: str, config: str = CONFIG) -> str:
    return f"{config}accept:\n  - {entry}\n"


def entry(value: object = WIDER_PARAMS, network: str = "a") -> str:
    return f"{{network: {network}, metric: params, value: {value}, reason: wanted}}"


@pytest.fixture(autouse=True)
def _base(git_repository: GitRepository) -> None:
    git_repository.commit({"mbconv-check.yaml": CONFIG, "nets/a.yaml": NETWORK, "nets/b.yaml": NETWORK})


def test_an_accepted_increase_passes_with_its_reason(check_tree: Check) -> None:
    checked = check_tree({"nets/a.yaml": WIDER, "mbconv-check.yaml": accept(entry())})
    row = rows_of(checked)["a", "params"]
    assert (row["base"], row["head"]) == (PARAMS, WIDER_PARAMS)
    assert checked.error is None
    assert str(row["message"]).endswith(f"up to {WIDER_PARAMS} is accepted: wanted")
    assert any(note.startswith("accepted: a: params: ") for note in checked.report.notes)


@pytest.mark.parametrize("pattern", ["a", "nets/a.yaml", "nets/*"])
def test_it_names_the_network_as_overrides_do(check_tree: Check, pattern: str) -> None:
    assert check_tree({"nets/a.yaml": WIDER, "mbconv-check.yaml": accept(entry(network=pattern))}).error is None


def test_more_than_was_accepted_fails(check_tree: Check) -> None:
    checked = check_tree({"nets/a.yaml": WIDER, "mbconv-check.yaml": accept(entry(WIDER_PARAMS - 1))})
    assert isinstance(checked.error, CheckFailedError)


def test_a_budget_holds_all_the_same(check_tree: Check) -> None:
    config = accept(entry(), CONFIG.replace("max_increase: 0", "max_increase: 0, max: 9k"))
    checked = check_tree({"nets/a.yaml": WIDER, "mbconv-check.yaml": config})
    assert isinstance(checked.error, CheckFailedError)
    assert "budget" in str(rows_of(checked)["a", "params"]["message"])


def test_once_the_base_has_it_it_has_expired(git_repository: GitRepository, check_tree: Check) -> None:
    git_repository.commit({"mbconv-check.yaml": accept(entry(99_999)), "nets/a.yaml": WIDER})
    checked = check_tree({"nets/a.yaml": WIDER.replace("24", "32")})
    assert isinstance(checked.error, CheckFailedError)
    row = rows_of(checked)["a params", "accept"]
    assert (row["level"], row["line"]) == ("warn", 4)
    assert str(row["message"]).startswith("expired")


@pytest.mark.parametrize("network", ["a", "nothing-has-this-name"])
def test_an_entry_that_nothing_needs_is_a_warning_on_its_line(check_tree: Check, network: str) -> None:
    checked = check_tree({"mbconv-check.yaml": accept(entry(network=network))})
    row = rows_of(checked)[f"{network} params", "accept"]
    assert (row["level"], row["line"], checked.error) == ("warn", 4, None)
    assert str(row["message"]).startswith("not needed")


def test_a_removal_is_accepted(check_tree: Check) -> None:
    removal = accept("{network: b, metric: removed, reason: superseded}")
    checked = check_tree({"nets/b.yaml": None, "mbconv-check.yaml": removal})
    assert checked.error is None
    assert rows_of(checked)["b", "spec"]["message"] == "removed; the removal is accepted: superseded"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("{network: a, metric: params, reason: r}", "needs a value"),
        ("{network: a, metric: removed, value: 3, reason: r}", "`metric: removed` has none"),
        ("{network: a, metric: params, value: 5%, reason: r}", "a quantity such as 5.3M"),
        ("{network: a, metric: latency_ms, value: 25 ms, reason: r}", "a percentage such as 2%"),
        ("{network: a, metric: params, value: 5M}", "'reason' is missing"),
        ("{network: a, metrik: params, value: 5M, reason: r}", "unknown key 'metrik'; did you mean 'metric'"),
    ],
)
def test_a_wrong_entry_is_reported_where_it_stands(git_repository: GitRepository, wrong: str, message: str) -> None:
    git_repository.write({"mbconv-check.yaml": accept(wrong)})
    with pytest.raises(InputError, match=r"mbconv-check\.yaml:4:") as raised:
        load_config(git_repository.folder / "mbconv-check.yaml")
    assert message in str(raised.value)
