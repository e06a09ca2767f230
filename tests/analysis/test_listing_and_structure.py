"""Which networks there are, and what they consist of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.analysis.listing import Filter, list_networks
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.structure import structure, structure_line
from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import Catalogue, shipped


def test_the_list_has_every_shipped_network_with_the_costs_of_its_ops() -> None:
    report = list_networks(Catalogue())
    rows = report.sections["networks"].rows
    assert [row["name"] for row in rows] == list(shipped())
    assert report.totals == {"networks": len(shipped())}
    for row in rows:
        network = open_network(str(row["name"]))
        cost = total(plan_costs(network.plan))
        assert (row["params"], row["macs"]) == (cost.params, cost.macs)
        assert row["resolution"] == network.plan.input_shape[1:]
        assert (row["family"], row["source"]) == (network.spec.family, network.spec.source)
        assert row["top1"] == (network.spec.published.top1 if network.spec.published else None)


def test_what_a_users_own_file_expects_is_not_what_is_listed(tmp_path: Path) -> None:
    text = Path(shipped()["resnet-18"]).read_text(encoding="utf-8").replace("params: 11689512", "params: 1")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    (row,) = (row for row in list_networks(Catalogue((tmp_path,))).sections["networks"].rows if row["name"] == "mine")
    assert row["params"] == 11_689_512


def test_a_list_needs_neither_the_schema_nor_a_plan() -> None:
    program = "import sys; from mbconv_cli.cli import app; app(['list'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"mbconv_cli.spec.spec", "mbconv_cli.plan.planner"} & set(done.stdout.splitlines()[-1].split())


def names(**wanted: Any) -> list[str]:
    return [str(row["name"]) for row in list_networks(Catalogue(), Filter(**wanted)).sections["networks"].rows]


def test_a_list_is_filtered_and_sorted() -> None:
    assert names(text="V3-Small") == ["mobilenet-v3-small", "mobilenet-v3-small-minimal", "mobilenet-v3-small-0.75"]
    small = names(family="mobilenet", limits=parse_conditions(["macs <= 60M"]), sort="macs")
    assert small[0] == "mobilenet-v3-small-0.75"
    assert {"mobilenet-v2-0.35", "mobilenet-v3-small"} <= set(small)
    assert names(text="resnet", sort="top1")[:2] == ["se-resnet-50", "resnet-101"]
    assert names(text="no such name") == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"family": "efficientnets"}, "--family 'efficientnets': no network has it; did you mean 'EfficientNet'"),
        ({"sort": "mac"}, "--sort 'mac' is no column; did you mean 'macs'?"),
    ],
)
def test_families_and_columns_that_are_not_there_are_refused(wanted: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        names(**wanted)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("efficientnet-b0", "16 MBConv + 2 convolutions + 1 global average pooling + 1 fully connected layer"),
        ("efficientnet-b7", "55 MBConv + 2 convolutions + 1 global average pooling + 1 fully connected layer"),
        ("mobilenet-v1", "13 SepConv + 1 convolution + 1 global average pooling + 1 fully connected layer"),
        ("mobilenet-v2", "17 MBConv + 2 convolutions + 1 global average pooling + 1 fully connected layer"),
        ("mobilenet-v3-large", "15 MBConv + 2 convolutions + 1 global average pooling + 2 fully connected layers"),
        ("mnasnet-a1", "1 SepConv + 15 MBConv + 2 convolutions + 1 global average pooling + 1 fully connected layer"),
        ("bottleneck-v3-se-last", "1 MBConv"),
    ],
)
def test_the_line_of_structure(name: str, line: str) -> None:
    network = open_network(name)
    assert structure_line(network.plan) == line
    assert structure(network).notes[0] == line


def test_the_stage_table_is_that_of_the_efficientnet_paper() -> None:
    rows = structure(open_network("efficientnet-b0")).sections["stages"].rows
    keys = ("operator", "resolution", "channels", "repeats", "stride")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("Conv, k3x3", (224, 224), 32, 1, 2),
        ("MBConv1, k3x3, SE", (112, 112), 16, 1, 1),
        ("MBConv6, k3x3, SE", (112, 112), 24, 2, 2),
        ("MBConv6, k5x5, SE", (56, 56), 40, 2, 2),
        ("MBConv6, k3x3, SE", (28, 28), 80, 3, 2),
        ("MBConv6, k5x5, SE", (14, 14), 112, 3, 1),
        ("MBConv6, k5x5, SE", (14, 14), 192, 4, 2),
        ("MBConv6, k3x3, SE", (7, 7), 320, 1, 1),
        ("Conv, k1x1", (7, 7), 1280, 1, 1),
        ("Pool, FC", (7, 7), 1000, 1, 1),
    ]


def test_activations_are_those_of_mobilenet_v3s_table() -> None:
    """Howard et al., arXiv:1905.02244, table 1, column NL: RE in the first bottlenecks, HS from 80 channels on."""
    rows = structure(open_network("mobilenet-v3-large")).sections["stages"].rows
    assert [row["activation"] for row in rows] == ["hard_swish", *["relu"] * 6, *["hard_swish"] * 11]
    (block,) = structure(open_network("bottleneck-v3-se-last")).sections["stages"].rows
    assert "sigmoid" not in str(block["activation"])


def test_a_resolution_of_its_own_changes_the_table_and_the_macs_but_not_the_params() -> None:
    usual, small = (structure(open_network("mobilenet-v2", resolution=size)) for size in (224, 96))
    assert small.subject["input_shape"] == (1, 3, 96, 96)
    assert small.totals["params"] == usual.totals["params"]
    assert small.sections["stages"].rows[0]["resolution"] == (96, 96)
    assert small.totals["macs"] != usual.totals["macs"]


def test_an_invalid_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("input: {resolution: 8}\nactivatio: relu\n", encoding="utf-8")
    (tmp_path / "good.yaml").write_text("extends: mobilenet-v1\n", encoding="utf-8")
    report = list_networks(Catalogue((tmp_path,)))
    assert {"good", "mobilenet-v1"} <= {row["name"] for row in report.sections["networks"].rows}
    (warning,) = report.notes
    assert re.search(r"left out, since it is not valid: .*bad\.yaml:1:1: no layer; .* \(and 1 more", warning)
