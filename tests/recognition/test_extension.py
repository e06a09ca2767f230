"""A network as what it changes of another: shipped variants come back as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.analysis.importing import NotATableError, base_of, imported
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import same_graph
from mbconv_cli.spec.catalogue import Catalogue, shipped
from mbconv_cli.spec.loader import load_text
from mbconv_cli.yaml.yaml_text import read_yaml


def written(path: Path) -> Any:
    return read_yaml(path.read_text(encoding="utf-8"), path.name).data


OF_A_VARIANT = {"extends", "source", "scaling", "set", "expect", "published"}
VARIANTS = {
    name: data
    for name, path in shipped().items()
    if "extends" in (data := written(path)) and data.keys() <= OF_A_VARIANT
}


def extending(name: str, base: str, folder: Path = Path()) -> Any:
    text = imported(open_network(name), base=base_of(base, folder, Catalogue())).text
    return read_yaml(text, "f.yaml").data


@pytest.mark.parametrize("name", VARIANTS)
def test_a_shipped_variant_comes_back(name: str) -> None:
    own = VARIANTS[name]
    found = extending(name, own["extends"])
    assert found["extends"] == own["extends"]
    assert found.get("set") == own.get("set")
    assert found.get("scaling", {}).keys() <= own.get("scaling", {}).keys()  # a factor of one is not written


def test_the_scaling_is_that_of_the_paper() -> None:
    assert extending("efficientnet-b3", "efficientnet-b0")["scaling"] == {"width": 1.2, "depth": 1.4, "resolution": 300}
    assert extending("efficientnet-b0", "efficientnet-b3")["scaling"] == {"width": 1.0, "depth": 1.0, "resolution": 224}


def test_a_network_that_is_equal_to_its_base_says_nothing_else() -> None:
    assert extending("resnet-50", "resnet-50").keys() == {"extends", "family", "source", "expect", "published"}


def test_single_values_that_differ_are_set(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: mobilenet-v2\nscaling: {width: 0.5}\nactivation: hard_swish\nset:\n  blocks[1].kernel_size: 5\n"
        "  blocks[3].stride: 1\n  classifier.num_classes: 10\n",
        encoding="utf-8",
    )
    found = extending(str(file), "mobilenet-v2")
    assert found["scaling"] == {"width": 0.5}
    assert found["set"] == {
        "activation": "hard_swish",
        "blocks[1].kernel_size": 5,
        "blocks[3].stride": 1,
        "classifier.num_classes": 10,
    }


def test_a_file_is_extended_from_where_the_table_is_written(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    base = tmp_path / "base.yaml"
    base.write_text("extends: mobilenet-v2\n", encoding="utf-8")
    network = open_network("mobilenet-v2-1.4")
    text = imported(network, base=base_of(str(base), tmp_path / "deep", Catalogue())).text
    assert text.startswith("extends: ../base.yaml\n")
    assert same_graph(network.plan, plan_loaded(load_text(text, "f.yaml", folder=tmp_path / "deep")))


@pytest.mark.parametrize(
    ("name", "base", "why"),
    [
        ("resnet-50", "efficientnet-b0", "no scaling of its 7 rows gives the 16 blocks of resnet-50"),
        ("mobilenet-v2", "efficientnet-b0", r"mobilenet-v2 differs in \d+ values besides scaling \(activation, .*\)"),
    ],
)
def test_a_network_that_is_no_variant(name: str, base: str, why: str) -> None:
    with pytest.raises(NotATableError, match=f"{base} is no base: {why}.*; import it without --base"):
        extending(name, base)


@pytest.mark.parametrize("reference", ["-", "timm:resnet50", "HEAD:resnet-50.yaml"])
def test_what_no_file_can_extend(reference: str) -> None:
    with pytest.raises(InputError, match=r"--base '.*': should be a network's name or the path of its file"):
        base_of(reference, Path(), Catalogue())
