"""How much of the zoos becomes a table: every network imported exactly, or the first op that resisted.

For every network: lines of the table and ops found equal, or the op that no block type has and how much was recognised
before it. Networks are made on the meta device, so nothing is downloaded or computed. Run:

    python benchmarks/importing.py --output benchmarks/results/importing.csv
    python benchmarks/importing.py --networks timm:resnet50 torchvision:mobilenet_v2

Rows are written as they come, and those that are in the file already are kept: a run can be continued. With
`--plans FOLDER` captured Plans are kept there, so that a change of the recognition is tried without capturing again.
"""

from __future__ import annotations

import argparse
import csv
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from mbconv_cli.analysis.importing import NotATableError, imported
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.capture.code_plans import plan_of_code
from mbconv_cli.spec.code_reference import parse_code

WHOLE_FAMILIES = ("efficientnet", "mobilenetv3", "hardcorenas", "ghostnet", "xception", "xception_aligned", "regnet")
FAMILY = ("efficientnet", "mobilenetv3", "hardcorenas")
"""The families whose goal is 95 %."""
OF_RESNET = 40
OF_BYOBNET = ("repvgg", "mobileone")
OF_TORCHVISION = ("efficientnet", "mobilenet", "mnasnet", "resnet", "regnet", "resnext", "wide_resnet", "shufflenet")


@dataclass(frozen=True)
class ImportRow:
    """What came of one network."""

    network: str
    family: str
    imported: bool
    lines: int = 0
    ops: int = 0
    seconds: float = 0.0
    why: str = ""


def zoo() -> Iterator[tuple[str, str]]:
    """The networks with their families: entry points of timm, and builders of torchvision."""
    import torchvision
    from timm.models._registry import _module_to_models as of_timm  # deprecated names too: each is an entry point

    for family in WHOLE_FAMILIES:
        yield from ((family, f"timm:{name}") for name in sorted(of_timm[family]))
    of_torchvision = torchvision.models.list_models(module=torchvision.models)
    yield from (("torchvision", f"torchvision:{name}") for name in of_torchvision if name.startswith(OF_TORCHVISION))
    resnets = sorted(of_timm["resnet"])
    yield from (("resnet", f"timm:{name}") for name in resnets[:: max(1, len(resnets) // OF_RESNET)][:OF_RESNET])
    byobnets = sorted(of_timm["byobnet"])
    yield from (("byobnet", f"timm:{name}") for name in byobnets if any(word in name for word in OF_BYOBNET))


def plan_of(network: str, plans: Path | None) -> Plan:
    """The captured Plan, kept in a folder if there is one.

    Raises:
        InputError: it cannot be captured.
    """
    kept = plans / f"{network.replace(':', '__')}.pkl" if plans else None
    if kept and kept.exists():
        plan = pickle.loads(kept.read_bytes())  # noqa: S301 - written by this script
        if isinstance(plan, Plan):
            return plan
        raise InputError(str(plan))
    code = parse_code(network)
    assert code is not None
    plan = plan_of_code(code)
    if kept:
        kept.write_bytes(pickle.dumps(plan))
    return plan


def examine(family: str, network: str, plans: Path | None = None) -> ImportRow:
    """Import one network."""
    began = time.perf_counter()
    try:
        plan = plan_of(network, plans)
        began = time.perf_counter()
        found = imported(OpenNetwork(None, plan))
    except (InputError, NotATableError) as error:
        seconds = round(time.perf_counter() - began, 2)
        return ImportRow(network, family, False, seconds=seconds, why="; ".join(error.sentences))
    seconds = round(time.perf_counter() - began, 2)
    return ImportRow(network, family, True, len(found.text.splitlines()), found.ops, seconds)


def rows_in(path: Path) -> dict[str, dict[str, str]]:
    """What an earlier run has written."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["network"]: row for row in csv.DictReader(stream)}


def summary(rows: Iterable[dict[str, str]]) -> str:
    """How many of each family became a table, and of all."""
    everything = list(rows)
    families = Counter(row["family"] for row in everything)
    done = Counter(row["family"] for row in everything if row["imported"] == "True")
    lines = [f"{family}: {done[family]} of {count} ({done[family] / count:.1%})" for family, count in families.items()]
    of_family = [row for row in everything if row["family"] in FAMILY]
    for words, some in (("the MBConv families", of_family), ("all", everything)):
        if some:
            count = sum(row["imported"] == "True" for row in some)
            lines.append(f"{words}: {count} of {len(some)} ({count / len(some):.1%})")
    longest = max((int(row["lines"]) for row in everything), default=0)
    return "\n".join([*lines, f"longest table: {longest} lines"])


def main() -> None:
    """Import networks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", help="these alone")
    parser.add_argument("--output", type=Path, help="a CSV file; rows that it has already are kept")
    parser.add_argument("--plans", type=Path, help="a folder in which captured Plans are kept")
    parser.add_argument("--captured-only", action="store_true", help="only networks whose Plan is kept already")
    arguments = parser.parse_args()
    networks = [("given", name) for name in arguments.networks] if arguments.networks else list(zoo())
    if arguments.captured_only:
        networks = [each for each in networks if (arguments.plans / f"{each[1].replace(':', '__')}.pkl").exists()]
    rows = rows_in(arguments.output) if arguments.output else {}
    for family, network in networks:
        if network in rows:
            continue
        row = examine(family, network, arguments.plans)
        rows[network] = {key: str(value) for key, value in asdict(row).items()}
        print(f"{network}: {'imported' if row.imported else row.why}", file=sys.stderr, flush=True)
        if arguments.output:
            write(arguments.output, rows.values())
    print(summary(rows.values()))


def write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """All rows, so that the file is whole whenever a run ends."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(ImportRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
