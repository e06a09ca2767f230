"""How long a user waits for an answer that needs no measuring: whole processes, from start to exit.

Prints the median wall time of a script that prints torchinfo's summary of torchvision's efficientnet_b0, of `mbconv
profile efficientnet-b0 --no-latency`, `mbconv --help`, `mbconv list`, and `mbconv check` of all shipped networks, each
started once to warm the disk's cache and then run in turn with the others; and each one's share of torchinfo's time.
The same of a module, timm's resnet50, which takes torch, timm and an export besides.
Run it in the checkout, whose config `check` reads, with bytecode kept (PYTHONDONTWRITEBYTECODE unset): a package that
is compiled at every start takes half as long again.

    python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

TORCHINFO = """
import torchinfo, torchvision
torchinfo.summary(torchvision.models.efficientnet_b0(weights=None), (1, 3, 224, 224), verbose=1)
"""
TORCHINFO_OF_TIMM = """
import timm, torchinfo
torchinfo.summary(timm.create_model("resnet50", pretrained=False), (1, 3, 224, 224), verbose=1)
"""
MBCONV = (sys.executable, "-m", "mbconv_cli")
PROGRAMS = {
    "torchinfo.summary": (sys.executable, "-c", TORCHINFO),
    "mbconv profile --no-latency": (*MBCONV, "profile", "efficientnet-b0", "--no-latency"),
    "mbconv --help": (*MBCONV, "--help"),
    "mbconv list": (*MBCONV, "list"),
    "mbconv check": (*MBCONV, "check"),
    "torchinfo of timm's resnet50": (sys.executable, "-c", TORCHINFO_OF_TIMM),
    "mbconv profile timm:resnet50": (*MBCONV, "profile", "timm:resnet50", "--no-latency"),
}
HELD_AGAINST = {"mbconv profile timm:resnet50": "torchinfo of timm's resnet50"}
"""What a program is a share of, where that is not the first one."""


def seconds(program: tuple[str, ...]) -> float:
    """The wall time of one process, which must succeed."""
    started = time.perf_counter()
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    """Time all programs in turn, and print their medians."""
    for program in PROGRAMS.values():
        seconds(program)
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            times[name].append(seconds(program))
    print(f"median of {rounds} processes (fastest to slowest)")
    for name, samples in times.items():
        whole = median(times[HELD_AGAINST.get(name, "torchinfo.summary")])
        spread = f"({min(samples):.3f} to {max(samples):.3f})"
        print(f"  {name:28} {median(samples):6.3f} s {spread:18} {median(samples) / whole:6.3f} of torchinfo's")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
