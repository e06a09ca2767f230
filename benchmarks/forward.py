"""Whether the built module runs as fast as torchvision's of the same network, on the CPU.

For each network, with one thread and with all of torch's: both modules, with the same weights, take turns on one image
in one process; that is one ratio of medians (ours / torchvision's). Several fresh processes give several ratios.
Prints their median and their range: 1.00 is as fast, less is faster.

    python benchmarks/forward.py [PROCESSES] [SECONDS]
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from statistics import median

import torch
import torchvision
from torch import Tensor, nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.weights import copy_weights

PEERS = {
    "efficientnet-b0": "efficientnet_b0",
    "mobilenet-v3-large": "mobilenet_v3_large",
    "mobilenet-v3-small": "mobilenet_v3_small",
    "mobilenet-v2": "mobilenet_v2",
    "mnasnet-b1": "mnasnet1_0",
}
WARM_UP = 5
LEAST_ROUNDS = 4


def milliseconds(module: nn.Module, images: Tensor) -> float:
    """The time of one pass."""
    started = time.perf_counter()
    module(images)
    return 1_000 * (time.perf_counter() - started)


def ratio(network: str, threads: int, seconds: float, batch_size: int = 1) -> float:
    """The ratio of medians in this process, each module first in every other round."""
    torch.set_num_threads(threads)
    plan = open_network(network).plan
    images = torch.randn(batch_size, *plan.input_shape)
    ours = build(plan, torch.device("cpu"))
    theirs = torchvision.models.get_model(PEERS[network], weights=None).eval()
    copy_weights(theirs, ours, images)
    pair, times = [ours, theirs], {id(ours): list[float](), id(theirs): list[float]()}
    gc.disable()
    with torch.inference_mode():
        for _ in range(WARM_UP):
            ours(images)
            theirs(images)
        started = time.monotonic()
        while time.monotonic() - started < seconds or len(times[id(ours)]) < LEAST_ROUNDS:
            for module in pair:
                times[id(module)].append(milliseconds(module, images))
            pair.reverse()
    return median(times[id(ours)]) / median(times[id(theirs)])


def fresh_ratio(network: str, threads: int, seconds: float) -> float:
    """The ratio in a process of its own."""
    command = (sys.executable, __file__, "--one", network, str(threads), str(seconds))
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main(processes: int, seconds: float) -> None:
    """Print a line for each network and number of threads."""
    print(f"ours / torchvision's, median of {processes} processes of {seconds:g} s each (lowest to highest)")
    for network in PEERS:
        for threads in sorted({1, torch.get_num_threads()}):
            ratios = sorted(fresh_ratio(network, threads, seconds) for _ in range(processes))
            spread = f"({ratios[0]:.3f} to {ratios[-1]:.3f})"
            print(f"  {network:20} {threads} threads   {median(ratios):.3f}   {spread}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(ratio(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, float(sys.argv[2]) if len(sys.argv) > 2 else 5.0)
