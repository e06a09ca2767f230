"""Where a GPU's time goes, from recordings: the slowest layers, the time between kernels, and kinds of kernels.

    python benchmarks/device_timeline.py efficientnet-b0 EAGER.json.gz GRAPH.json.gz --untraced MS

EAGER is a Chrome trace of torch.profiler over eager passes, each op of the plan inside `record_function("OP0000")`,
`OP0001`, …; GRAPH is one of replays of the same pass as a CUDA graph; MS is what a replay takes when it is not traced.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.measure.timeline.device_trace import DeviceTrace, read_device_trace
from mbconv_cli.measure.timeline.kernel_assignment import eager_passes, graph_replays, ops_of_replay
from mbconv_cli.measure.timeline.kernel_kinds import kind_of
from mbconv_cli.measure.timeline.layer_times import mean_durations, mean_span, part_times

SLOWEST: Final = 10


def read_recording(path: Path) -> DeviceTrace:
    """A Chrome trace, compressed with gzip."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return read_device_trace(json.load(file)["traceEvents"])


def report(op_names: Sequence[str], eager: DeviceTrace, graph: DeviceTrace, untraced_ms: float) -> list[str]:
    """The lines of the report."""
    replays = graph_replays(graph)
    kernel_names = [kernel.name for kernel in replays[0]]
    ops = ops_of_replay(eager_passes(eager)[-1], kernel_names)
    of_replays = [part_times(replay, ops, len(op_names)) for replay in replays]
    *layers, unassigned = (fmean(times) for times in zip(*of_replays, strict=True))
    slowest = sorted(zip(op_names, layers, strict=True), key=lambda row: -row[1])[:SLOWEST]
    rows = [
        *slowest,
        (f"other layers ({len(op_names) - len(slowest)})", sum(layers) - sum(time for _, time in slowest)),
        (f"kernels of no layer ({ops.count(None)})", unassigned),
        ("between kernels", untraced_ms - sum(layers) - unassigned),
        ("end to end, not traced", untraced_ms),
    ]
    lines = [f"{name:<36} {ms:8.4f} ms {ms / untraced_ms:6.1%}" for name, ms in rows]
    lines.append(f"traced: {mean_span(replays):.4f} ms from first to last kernel, in {len(replays)} replays")
    kinds: defaultdict[str, float] = defaultdict(float)
    for name, ms in zip(kernel_names, mean_durations(replays), strict=True):
        kinds[kind_of(name).value] += ms
    total, by_time = sum(kinds.values()), sorted(kinds.items(), key=lambda item: -item[1])
    lines.append("kernel time: " + ", ".join(f"{kind} {ms / total:.1%}" for kind, ms in by_time))
    return lines


def main() -> None:
    """Print the report of two recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="name or file of the network")
    parser.add_argument("eager", type=Path, help="trace of eager passes")
    parser.add_argument("graph", type=Path, help="trace of a graph's replays")
    parser.add_argument("--untraced", type=float, required=True, metavar="MS", help="a replay's time when not traced")
    options = parser.parse_args()
    names = [op.name for op in open_network(options.network).plan.ops]
    print("\n".join(report(names, read_recording(options.eager), read_recording(options.graph), options.untraced)))


if __name__ == "__main__":
    main()
