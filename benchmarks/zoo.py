"""How much of two model zoos is captured, and whether its counts are those of the modules.

For every network: captured or not and why; parameters of the captured Plan and of the module; MACs and half of what
`torch.utils.flop_counter` counts on the module itself, which shares no code with capture; calls that no table knows.
Networks are made on the meta device, where nothing is computed, or on the CPU where that cannot be; nothing is
downloaded. Run:

    python benchmarks/zoo.py --output benchmarks/results/zoo.csv    # all of torchvision, 340 of timm
    python benchmarks/zoo.py --networks timm:resnet50 torchvision:swin_t

Rows are written as they come, and those that are in the file already are kept: a run can be continued.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import nn

from mbconv_cli.cost.counts import plan_costs, total, uncounted
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.capture.capture import captured_plan
from mbconv_cli.pytorch.capture.example_inputs import Inputs, example_inputs
from mbconv_cli.pytorch.capture.exporting import export_module
from mbconv_cli.pytorch.capture.module_count import counted_macs
from mbconv_cli.pytorch.capture.module_loading import make_module, stated_inputs
from mbconv_cli.spec.code_reference import parse_code

MOST_OF_TIMM = 340
SMALL = (
    "atto",
    "femto",
    "pico",
    "nano",
    "micro",
    "tiny",
    "xs",
    "xxs",
    "small",
    "mini",
    "18",
    "26",
    "_b0",
    "_s0",
    "_m0",
)
LARGE = ("large", "huge", "giant", "gigantic", "xl", "101", "152", "200", "_b7", "_b8", "so400m")
META = torch.device("meta")


@dataclass(frozen=True)
class ZooRow:
    """What came of one network."""

    network: str
    captured: bool
    seconds: float
    ops: int = 0
    params: int = 0
    module_params: int = 0
    unread_params: int = 0
    macs: int = 0
    counter_macs: int = 0
    unknown: str = ""
    why: str = ""


def examine(network: str) -> ZooRow:
    """Capture one network, and count its module."""
    began = time.perf_counter()
    try:
        try:
            module, inputs, plan = _captured(network, META)
        except InputError:  # a module that needs numbers to be made
            module, inputs, plan = _captured(network, torch.device("cpu"))
    except InputError as error:
        return ZooRow(network, False, round(time.perf_counter() - began, 2), why="; ".join(error.sentences))
    seconds = round(time.perf_counter() - began, 2)
    cost = total(plan_costs(plan))
    module_params = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return ZooRow(
        network,
        True,
        seconds,
        len(plan.ops),
        cost.params,
        module_params,
        module_params - cost.params,
        cost.macs * plan.images(1),
        counted_macs(module, inputs),
        " ".join(uncounted(plan)),
        "; ".join(plan.remarks),
    )


def _captured(network: str, device: torch.device) -> tuple[nn.Module, Inputs, Plan]:
    code = parse_code(network)
    assert code is not None
    module = make_module(code, device)
    inputs = example_inputs(stated_inputs(code, module), device)
    return module, inputs, captured_plan(export_module(module, inputs, network), network).plan


def zoo(most_of_timm: int) -> list[str]:
    """All classification networks of torchvision, and of timm one of each family, then more in turn."""
    import timm
    import torchvision

    vision = [f"torchvision:{name}" for name in torchvision.models.list_models(module=torchvision.models)]
    files = [sorted(timm.list_models(module=file), key=_small_first) for file in sorted(timm.list_modules())]
    in_turn: list[str] = []
    for place in range(max(map(len, files))):
        in_turn += [names[place] for names in files if place < len(names)]
    return [*(f"timm:{name}" for name in in_turn[:most_of_timm]), *vision]


def _small_first(name: str) -> tuple[int, str]:
    """Orders the networks of a family, so that those whose names speak of a small one are examined first."""
    if any(word in name for word in LARGE):
        return 2, name
    return (0 if any(word in name for word in SMALL) else 1), name


def rows_in(path: Path) -> dict[str, dict[str, str]]:
    """What an earlier run has written."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["network"]: row for row in csv.DictReader(stream)}


def summary(rows: Iterable[dict[str, str]]) -> str:
    """The figures that matter, in lines."""
    everything = list(rows)
    captured = [row for row in everything if row["captured"] == "True"]
    params = [row for row in captured if row["params"] == row["module_params"]]
    macs = [row for row in captured if row["macs"] == row["counter_macs"]]
    unknown = sorted({name for row in captured for name in row["unknown"].split()})
    seconds = sum(float(row["seconds"]) for row in everything)
    return "\n".join(
        (
            f"{len(captured)} of {len(everything)} captured, in {seconds:.0f} s",
            f"params equal to the module's: {len(params)} of {len(captured)}",
            f"MACs equal to half of FlopCounterMode's: {len(macs)} of {len(captured)}",
            f"calls in no table: {', '.join(unknown) or 'none'}",
        )
    )


def main() -> None:
    """Examine networks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("zoo.csv"))
    parser.add_argument("--networks", nargs="*", default=None)
    parser.add_argument("--timm", type=int, default=MOST_OF_TIMM, help="so many of timm's networks")
    options = parser.parse_args()
    done = rows_in(options.output)
    names = [field.name for field in fields(ZooRow)]
    fresh = not options.output.exists()
    with options.output.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        if fresh:
            writer.writeheader()
        for network in options.networks or zoo(options.timm):
            if network not in done:
                writer.writerow(asdict(examine(network)))
                stream.flush()
                print(network, file=sys.stderr)
    print(summary(rows_in(options.output).values()))


if __name__ == "__main__":
    main()
