"""Networks that are added, removed, renamed or repaired."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mbconv_cli.check.run_check import Checked
from mbconv_cli.errors import CheckFailedError
from tests.check.conftest import rows_of
from tests.repositories import NETWORK, GitRepository

Check = Callable[..., Checked]
CONFIG = "networks: ['nets/*.yaml']\nmetrics: {params: {max_increase: 0}}\n"
OTHER = NETWORK.replace("output_filters: 16", "output_filters: 24")


@pytest.fixture(autouse=True)
def _base(git_repository: GitRepository) -> None:
    git_repository.commit({"mbconv-check.yaml": CONFIG, "nets/a.yaml": NETWORK, "nets/b.yaml": OTHER})


def test_an_added_network_passes_and_its_figures_are_shown(check_tree: Check) -> None:
    checked = check_tree({"nets/c.yaml": OTHER.replace("24", "40")})
    rows = rows_of(checked)
    assert checked.error is None
    assert rows["c", "spec"]["message"] == "added: HEAD does not have it"
    assert rows["c", "params"]["base"] is None
    assert rows["c", "params"]["message"] == "nothing to compare with"


def test_an_added_network_keeps_within_its_budget(check_tree: Check) -> None:
    config = CONFIG.replace("max_increase: 0", "max_increase: 0, max: 10k")
    checked = check_tree({"mbconv-check.yaml": config, "nets/c.yaml": OTHER.replace("24", "4000")})
    assert rows_of(checked)["c", "params"]["verdict"] == "fail"


@pytest.mark.parametrize(("policy", "level", "fails"), [("warn", "warn", False), ("fail", "error", True)])
def test_an_added_network_is_annotated_in_its_own_file(
    git_repository: GitRepository, check_tree: Check, policy: str, level: str, fails: bool
) -> None:
    git_repository.commit({"mbconv-check.yaml": f"{CONFIG}added: {policy}\n"})
    checked = check_tree({"nets/c.yaml": OTHER.replace("24", "40")})
    row = rows_of(checked)["c", "spec"]
    assert (row["verdict"], row["level"], row["line"]) == ("missing", level, 1)
    assert str(row["file"]).endswith("nets/c.yaml")
    assert isinstance(checked.error, CheckFailedError) is fails


def test_a_removed_network_fails_and_the_row_has_the_next_step(check_tree: Check) -> None:
    checked = check_tree({"nets/b.yaml": None})
    row = rows_of(checked)["b", "spec"]
    assert (row["verdict"], row["level"]) == ("missing", "error")
    assert row["message"] == "removed: HEAD has it; nets/b.yaml is not there"
    assert "{network: nets/b.yaml, metric: removed, reason: ...} to `accept`" in str(row["next_step"])


def test_a_network_that_is_removed_from_the_config_too_passes(git_repository: GitRepository, check_tree: Check) -> None:
    git_repository.commit({"mbconv-check.yaml": CONFIG.replace("'nets/*.yaml'", "nets/a.yaml, nets/b.yaml")})
    checked = check_tree({"nets/b.yaml": None, "mbconv-check.yaml": CONFIG.replace("'nets/*.yaml'", "nets/a.yaml")})
    assert checked.error is None
    assert rows_of(checked)["b", "spec"]["message"] == "removed, and its entry in `networks` too"


def test_a_network_that_is_only_taken_out_of_the_config_fails(check_tree: Check) -> None:
    checked = check_tree({"mbconv-check.yaml": CONFIG.replace("*", "a")})
    assert isinstance(checked.error, CheckFailedError)
    assert "the config no longer selects it" in str(rows_of(checked)["b", "spec"]["message"])


@pytest.mark.parametrize("path", ["nets/c.yaml", "nets/old/b.yaml"])
def test_a_renamed_network_is_compared_with_itself(check_tree: Check, path: str) -> None:
    config = CONFIG.replace("nets/*", "nets/**/*")
    checked = check_tree({"nets/b.yaml": None, path: OTHER, "mbconv-check.yaml": config})
    rows = rows_of(checked)
    assert checked.error is None
    label = "b" if "old" in path else "c"
    assert rows[label, "spec"]["message"] == "renamed from nets/b.yaml"
    assert rows[label, "params"]["message"] == "unchanged"


def test_a_renamed_network_that_also_grew_is_removed_and_added(check_tree: Check) -> None:
    checked = check_tree({"nets/b.yaml": None, "nets/c.yaml": OTHER.replace("24", "40")})
    assert isinstance(checked.error, CheckFailedError)
    assert str(rows_of(checked)["b", "spec"]["message"]).startswith("removed")


def test_a_copy_is_no_rename(check_tree: Check) -> None:
    rows = rows_of(check_tree({"nets/c.yaml": OTHER}))
    assert str(rows["c", "spec"]["message"]).startswith("added")


def test_of_two_alike_the_one_of_the_same_file_name_is_the_renamed_one(check_tree: Check) -> None:
    config = CONFIG.replace("nets/*", "nets/**/*")
    checked = check_tree({"nets/b.yaml": None, "nets/0.yaml": OTHER, "nets/old/b.yaml": OTHER,
                          "mbconv-check.yaml": config})  # fmt: skip
    rows = rows_of(checked)
    assert str(rows["0", "spec"]["message"]).startswith("added")
    assert str(rows["b", "spec"]["message"]).startswith("renamed")


def test_a_repaired_network_passes(git_repository: GitRepository, check_tree: Check) -> None:
    git_repository.commit({"nets/b.yaml": OTHER.replace("stride", "strid")})
    checked = check_tree({"nets/b.yaml": OTHER})
    rows = rows_of(checked)
    assert checked.error is None
    assert str(rows["b", "spec"]["message"]).startswith("repaired: in HEAD: HEAD:nets/b.yaml:6:")


def test_config_and_networks_are_adopted_together(git_repository: GitRepository, check_tree: Check) -> None:
    git_repository.commit({"mbconv-check.yaml": None, "nets/b.yaml": None, "nets/a.yaml": None})
    checked = check_tree({"mbconv-check.yaml": f"{CONFIG}added: fail\n", "nets/a.yaml": NETWORK})
    assert checked.error is None


def test_a_new_policy_that_is_laxer_is_a_loosened_rule(check_tree: Check) -> None:
    row = rows_of(check_tree({"mbconv-check.yaml": f"{CONFIG}removed: allow\n"}))
    assert [row[key]["message"] for key in row if key[1] == "removed rule"] == [
        "removed was fail and is allow (as of HEAD)"
    ]
