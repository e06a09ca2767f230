"""What happens to a repository of networks in its life, and what the gate must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.repositories import NETWORK, GitRepository

Files = Mapping[str, str | None]

CONFIG = """\
networks: ["nets/**/*.yaml"]
metrics:
  params: {max_increase: 0}
  macs: {max_increase: 0}
overrides:
  - match: small
    metrics: {params: {max: 8k}}
"""
CONFIG_FILE = "mbconv-check.yaml"
WIDER = NETWORK.replace("output_filters: 16", "output_filters: 24")
NARROWER = NETWORK.replace("output_filters: 16", "output_filters: 8")
OTHER = NETWORK.replace("num_classes: 10", "num_classes: 12")
BASE: Files = {CONFIG_FILE: CONFIG, "nets/small.yaml": NETWORK, "nets/other.yaml": OTHER}
VARIANTS: Files = {
    f"nets/variant-{n}.yaml": f"extends: ./small.yaml\nclassifier: {{num_classes: {n}}}\n" for n in "12345"
}
EXPLICIT = CONFIG.replace('"nets/**/*.yaml"', "nets/small.yaml, nets/other.yaml")


def config(before: str, after: str) -> Files:
    assert before in CONFIG
    return {CONFIG_FILE: CONFIG.replace(before, after)}


def accepting(*entries: str) -> Files:
    return {CONFIG_FILE: CONFIG + "accept:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)}


@dataclass(frozen=True)
class Event:
    """A change of the repository.

    Attributes:
        name: what happens.
        change: the files that it writes; None takes one away.
        code: with which exit code the check ends.
        summary: the counts of its one-line summary.
        annotations: `kind file:line` of each, in order.
        before: files of the base besides the usual ones.
        arguments: of `mbconv check`.
        folder: where it runs.
        ahead: what the branch `main` gets after this one has left it.
    """

    name: str
    change: Files
    code: int
    summary: str
    annotations: tuple[str, ...] = ()
    before: Files = field(default_factory=dict)
    arguments: tuple[str, ...] = ("--against", "main")
    folder: str = "."
    ahead: Files = field(default_factory=dict)

    def happens(self, repository: GitRepository) -> None:
        """Commits the base on `main`, and the change on a branch."""
        repository.commit({**BASE, **self.before})
        repository.git("checkout", "--quiet", "-b", "work")
        if self.ahead:
            repository.git("checkout", "--quiet", "main")
            repository.commit(dict(self.ahead))
            repository.git("checkout", "--quiet", "work")
        repository.commit(dict(self.change))


GROWN = ("error nets/small.yaml:6",)
EVENTS = (
    Event("nothing changes", {}, 0, "4 passed"),
    Event("a comment and another order of keys", {"nets/other.yaml": f"# a comment\n{OTHER}"}, 0, "4 passed"),
    Event("a wider layer", {"nets/other.yaml": OTHER.replace("16", "24")}, 1, "2 failed, 2 passed",
          ("error nets/other.yaml:6",)),
    Event("a narrower layer", {"nets/small.yaml": NARROWER}, 0, "2 improved, 4 passed"),
    Event("a base that changes five variants", {"nets/small.yaml": WIDER}, 1, "12 failed, 2 passed",
          ("error nets/small.yaml:6",), before=VARIANTS),
    Event("a base that is deleted", {"nets/small.yaml": None}, 2, "5 errors, 1 failed, 1 warned, 2 passed",
          ("error nets/variant-1.yaml:1", "error nets/variant-2.yaml:1", "error nets/variant-3.yaml:1",
           "error nets/variant-4.yaml:1", "error nets/variant-5.yaml:1", "error mbconv-check.yaml:1",
           "warning mbconv-check.yaml:6"), before=VARIANTS),
    Event("a second file of the same stem beside a grown network",
          {"nets/small.yaml": WIDER, "nets/old/small.yaml": NETWORK}, 1, "2 failed, 5 passed", GROWN),
    Event("a network that is moved while it grows, and removals allowed",
          {"nets/small.yaml": None, "nets/old/small.yaml": WIDER, CONFIG_FILE: f"removed: allow\n{CONFIG}"}, 1,
          "1 failed, 1 warned, 5 passed", ("error nets/old/small.yaml:1", "warning mbconv-check.yaml:1")),
    Event("a budget that is raised", config("8k", "60M"), 0, "1 warned, 4 passed", ("warning mbconv-check.yaml:7",)),
    Event("an increase that is allowed from now on", config("params: {max_increase: 0", "params: {max_increase: 50%"),
          0, "1 warned, 4 passed", ("warning mbconv-check.yaml:3",)),
    Event("a rule that is deleted", config("  macs: {max_increase: 0}\n", ""), 0, "1 warned, 2 passed",
          ("warning mbconv-check.yaml:3",)),
    Event("a rule that is switched off", config("macs: {max_increase: 0}", "macs: {max_increase: 0, level: off}"), 0,
          "1 warned, 2 passed", ("warning mbconv-check.yaml:4",)),
    Event("a config that is renamed and loosened",
          {CONFIG_FILE: None, "gate.yaml": CONFIG.replace("8k", "60M")}, 0, "1 warned, 4 passed",
          ("warning gate.yaml:7",), arguments=("--against", "main", "--config", "gate.yaml")),
    Event("a budget that is raised under `rules: frozen`, which goes as well", config("8k", "60M"), 1,
          "2 failed, 4 passed", ("error mbconv-check.yaml:7", "error mbconv-check.yaml:1"),
          before={CONFIG_FILE: f"{CONFIG}rules: frozen\n"}),
    Event("a budget that is lowered", config("8k", "1k"), 1, "1 failed, 3 passed", ("error mbconv-check.yaml:7",)),
    Event("a mistyped match", config("match: small", "match: smal"), 0, "2 warned, 4 passed",
          ("warning mbconv-check.yaml:6", "warning mbconv-check.yaml:7")),
    Event("a pattern without a match", config("networks: [", "networks: ['net/*.yaml', "), 2, "1 error, 4 passed",
          ("error mbconv-check.yaml:1",)),
    Event("an unknown key in the config", config("metrics:\n  params", "metrik:\n  params"), 2, "1 error, 0 passed",
          ("error mbconv-check.yaml:2",)),
    Event("a stale `expect:`", {"nets/other.yaml": f"{OTHER}expect: {{params: 1, macs: 2, source: a guess}}\n"}, 1,
          "2 failed, 4 passed", ("error nets/other.yaml:8", "error nets/other.yaml:8")),
    Event("a network that is added", {"nets/new.yaml": WIDER}, 0, "7 passed"),
    Event("a network that is added beyond a budget", {"nets/new/small.yaml": WIDER}, 1, "1 failed, 6 passed",
          ("error nets/new/small.yaml:1",)),
    Event("a network that is removed", {"nets/other.yaml": None}, 1, "1 failed, 2 passed",
          ("error mbconv-check.yaml:1",)),
    Event("a network that is removed from the config, too",
          {"nets/other.yaml": None, CONFIG_FILE: EXPLICIT.replace(", nets/other.yaml", "")}, 0, "3 passed",
          before={CONFIG_FILE: EXPLICIT}),
    Event("a removal that is accepted",
          {"nets/other.yaml": None, **accepting("network: other, metric: removed, reason: superseded")}, 0, "3 passed"),
    Event("a network that only the config drops", config("nets/**/*", "nets/s*"), 1, "1 failed, 2 passed",
          ("error mbconv-check.yaml:1",)),
    Event("a network that is renamed", {"nets/other.yaml": None, "nets/another.yaml": OTHER}, 0, "5 passed"),
    Event("a file that is repaired", {"nets/other.yaml": OTHER}, 0, "5 passed",
          before={"nets/other.yaml": OTHER.replace("stride", "strid")}),
    Event("a file that is broken", {"nets/other.yaml": OTHER.replace("stride", "strid")}, 2, "1 error, 2 passed",
          ("error nets/other.yaml:6",)),
    Event("config and networks that are adopted together", dict(BASE), 0, "6 passed",
          before={CONFIG_FILE: None, "nets/small.yaml": None, "nets/other.yaml": None, "README": "none yet"}),
    Event("an increase that is accepted", {
        "nets/other.yaml": OTHER.replace("16", "24"),
        **accepting("network: other, metric: params, value: 12k, reason: wanted",
                    "network: other, metric: macs, value: 820k, reason: wanted")}, 0, "4 passed"),
    Event("an entry of `accept` that has expired", {"nets/other.yaml": OTHER.replace("16", "24")}, 1,
          "2 failed, 1 warned, 2 passed", ("error nets/other.yaml:6", "warning mbconv-check.yaml:9"),
          before=accepting("network: other, metric: params, value: 99k, reason: wanted")),
    Event("a target branch that has become lighter meanwhile", {"nets/other.yaml": f"# a comment\n{OTHER}"}, 0,
          "4 passed", ahead={"nets/small.yaml": NARROWER}),
    Event("a check from a sub-folder", {"nets/other.yaml": OTHER.replace("16", "24")}, 1, "2 failed, 2 passed",
          ("error nets/other.yaml:6",), folder="nets",
          arguments=("--against", "main", "--config", "../mbconv-check.yaml")),
)  # fmt: skip
