"""Whether any layer is reported faster than the machine's limits allow, on the CPU.

For each number of threads the limits are measured anew, then five networks at batch 1 and 8, each in a process of its
own. Prints for each the layers whose time is below what the roofline allows by more than the stated error (there should
be none), and the layer that comes nearest to its limit.

    python benchmarks/roofline.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

NETWORKS = ("efficientnet-b0", "mobilenet-v3-large", "mobilenet-v3-small", "mobilenet-v2", "mnasnet-a1")
BATCH_SIZES = (1, 8)
WARNING = "warning: faster than the roofline"


def profile(network: str, threads: int, batch_size: int, cache: str) -> dict[str, Any]:
    """The report on one network in a fresh process; the first one with some threads measures their limits."""
    command = [sys.executable, "-m", "mbconv_cli", "profile", network, "--device", "cpu", "--roofline"]
    command += ["--threads", str(threads), "--batch-size", str(batch_size), "--format", "json"]
    environment = os.environ | {"MBCONV_CACHE_DIR": cache}
    report: dict[str, Any] = json.loads(subprocess.check_output(command, env=environment, text=True))
    return report


def main() -> None:
    """Print the limits of each number of threads, and a line for each network and batch size."""
    violations = 0
    with tempfile.TemporaryDirectory() as cache:
        for threads in sorted({1, os.cpu_count() or 1}):
            for network in NETWORKS:
                for batch_size in BATCH_SIZES:
                    report = profile(network, threads, batch_size, cache)
                    if (network, batch_size) == (NETWORKS[0], BATCH_SIZES[0]):
                        print(f"{threads} threads: " + next(n for n in report["notes"] if n.startswith("roofline: ")))
                    nearest = max(report["sections"]["layers"]["rows"], key=lambda row: float(row["roofline_share"]))
                    told = [note for note in report["notes"] if note.startswith(WARNING)]
                    violations += len(told)
                    print(
                        f"  {network:20} batch {batch_size}   nearest to its limit: {nearest['name']} "
                        f"({100 * nearest['roofline_share']:.0f} %, {nearest['bound']})",
                        *told,
                        sep="\n    ",
                        flush=True,
                    )
    print(f"{violations} runs with layers faster than the roofline allows")


if __name__ == "__main__":
    main()
