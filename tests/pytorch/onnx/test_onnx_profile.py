"""onnxruntime's profile as times of ops, on a profile written here in the form in which version 1.32 writes it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from mbconv_cli.pytorch.onnx.node_times import OUTSIDE, Node, columns_of, op_times, read_profile

OPS = {"stem.conv": 0, "stem.norm": 1, "stem.activation": 2, "stages.0.0.project.conv": 3}
INSERTED = len(OPS)


def node(name: str, node_type: str, microseconds: int) -> dict[str, Any]:
    arguments = {
        "op_name": node_type,
        "provider": "CPUExecutionProvider",
        "input_type_shape": [{"float": [1, 3, 8, 8]}, {"int64": [2]}],
        "thread_scheduling_stats": {"main_thread": {"block_size": [1]}, "sub_threads": {"7": {"num_run": 2}}},
    }
    return event("Node", f"{name}_kernel_time", microseconds, arguments)


def event(category: str, name: str, microseconds: int, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"cat": category, "pid": 1, "tid": 1, "dur": microseconds, "ts": 0, "name": name, "args": arguments or {}}


def one_run(*nodes: dict[str, Any]) -> list[dict[str, Any]]:
    return [*nodes, event("Session", "SequentialExecutor::Execute", 90), event("Session", "model_run", 99)]


START = [event("Session", "model_loading_array", 20), event("Session", "session_initialization", 70)]


def test_nodes_are_told_pass_by_pass_in_ms() -> None:
    first = one_run(node("stem.norm/1", "Conv", 40), node("ReorderOutput_token_3", "ReorderOutput", 5))
    second = one_run(node("stem.norm/1", "Conv", 38), node("ReorderOutput_token_3", "ReorderOutput", 6))
    assert read_profile(json.dumps(START + first + second)) == [
        (Node("stem.norm/1", "Conv", 0.040), Node("ReorderOutput_token_3", "ReorderOutput", 0.005)),
        (Node("stem.norm/1", "Conv", 0.038), Node("ReorderOutput_token_3", "ReorderOutput", 0.006)),
    ]


def test_a_pass_that_the_profile_does_not_end_is_left_out() -> None:
    whole = one_run(node("stem.norm/1", "Conv", 40))
    assert len(read_profile(json.dumps([*START, *whole, node("stem.norm/1", "Conv", 41)]))) == 1


def test_events_of_a_node_other_than_its_kernel_are_none_of_its_time() -> None:
    run = one_run(event("Node", "stem.norm/1_fence_before", 7), node("stem.norm/1", "Conv", 40))
    assert [found.milliseconds for found in read_profile(json.dumps(run))[0]] == [0.040]


@pytest.mark.parametrize(
    ("name", "node_type", "column"),
    [
        ("stem.norm/1", "Conv", 1),
        ("stem.activation/2.0_nchwc", "Conv", 2),  # a convolution in another layout, named after its output
        ("stem.activation/3/QuickGeluFusion/", "QuickGelu", 2),
        ("fused stem.norm/1", "FusedConv", 1),
        ("ReorderInput_token_4", "ReorderInput", INSERTED),
        ("Conv_7", "Conv", INSERTED),  # nothing ran before it that would say where it belongs
        ("elsewhere.conv/1", "Conv", INSERTED),
    ],
)
def test_which_op_a_node_belongs_to(name: str, node_type: str, column: int) -> None:
    assert columns_of([Node(name, node_type, 1.0)], OPS) == [column]


def test_a_node_without_a_name_belongs_to_the_op_before_it_unless_it_moves_data() -> None:
    nodes = [
        Node("stages.0.0.project.conv/9", "Conv", 1.0),
        Node("ReorderOutput_token_1", "ReorderOutput", 1.0),
        Node("HardSigmoid_31", "HardSigmoid", 1.0),
        Node("Mul_32", "Mul", 1.0),
    ]
    assert columns_of(nodes, OPS) == [3, INSERTED, 3, 3]


def test_the_times_of_a_pass_add_up_to_it() -> None:
    nodes = [
        Node("stem.norm/1", "Conv", 0.040),
        Node("ReorderOutput_token_1", "ReorderOutput", 0.005),
        Node("stages.0.0.project.conv/2", "Conv", 0.020),
        Node("stages.0.0.project.conv/3", "Mul", 0.001),
    ]
    times = op_times(nodes, columns_of(nodes, OPS), len(OPS) + len(OUTSIDE), 0.1)
    assert times[:INSERTED] == [0.0, 0.040, 0.0, pytest.approx(0.021)]
    assert times[INSERTED:] == [0.005, pytest.approx(0.034)]
    assert math.fsum(times) == pytest.approx(0.1)


def test_a_pass_of_other_nodes_is_not_shared_out_silently() -> None:
    with pytest.raises(ValueError, match="zip"):
        op_times([Node("stem.norm/1", "Conv", 0.04)], [1, 2], len(OPS) + len(OUTSIDE), 0.1)
