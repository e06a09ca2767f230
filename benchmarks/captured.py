"""Do the layers of captured modules add up, and what do modules' calls cost? Eight networks, by `mbconv profile`.

For each: the sum of the layers against the captured program, the captured program against the module as called, and
the stamped program against the plain one. Run it on a quiet machine:

    python benchmarks/captured.py --output captured.csv
    python benchmarks/captured.py --networks timm:resnet50 --max-time 5
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).with_name("captured_modules.py")
NETWORKS: dict[str, list[str]] = {
    "timm:resnet50": [],
    "timm:convnext_tiny": [],
    "timm:vit_small_patch16_224": [],
    "torchvision:swin_t": [],
    "timm:mobilenetv4_conv_small": [],
    "timm:regnety_004": [],
    f"{HERE}:LanguageModel": ["--input", "1x64:int64"],
    f"{HERE}:UNet": ["--input", "1x3x128x128"],
}
COLUMNS = (
    "network",
    "layers_ms",
    "program_ms",
    "module_ms",
    "layers_share",
    "program_share",
    "stamped_share",
    "usable",
)


def measured(network: str, inputs: list[str], max_time: float, processes: int) -> dict[str, object]:
    """The figures of one network on one thread, batch 1."""
    options = ["--threads", "1", "--max-time", str(max_time), "--processes", str(processes), "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "mbconv_cli", "profile", network, *inputs, *options],
        check=True,
        stdout=subprocess.PIPE,
    )
    return figures(network, json.loads(done.stdout))


def figures(network: str, report: dict[str, object]) -> dict[str, object]:
    """The row of a report."""
    sections, measurement = report["sections"], report["measurement"]
    assert isinstance(sections, dict)
    assert isinstance(measurement, dict)
    times = {row["name"]: row["latency_ms"] for row in sections["latency"]["rows"]}
    layers, program, module = (times[name] for name in ("sum of layers", "captured program", "end to end"))
    return {
        "network": network.rpartition("/")[2],
        "layers_ms": round(layers, 4),
        "program_ms": round(program, 4),
        "module_ms": round(module, 4),
        "layers_share": round(layers / program, 4),
        "program_share": round(program / module, 4),
        "stamped_share": round(1 + times["slowdown by the stamps"] / program, 4),
        "usable": measurement["usable"],
    }


def main() -> None:
    """Measure one network after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--max-time", type=float, default=30.0, help="seconds for each network")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--output", type=Path, help="a CSV file; standard output if absent")
    options = parser.parse_args()
    with options.output.open("w", newline="", encoding="utf-8") if options.output else sys.stdout as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for network in options.networks:
            writer.writerow(measured(network, NETWORKS.get(network, []), options.max_time, options.processes))
            stream.flush()


if __name__ == "__main__":
    main()
