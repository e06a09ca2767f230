"""Published accuracies against the libraries that publish the weights."""

from __future__ import annotations

from typing import Final

import pytest

from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load
from mbconv_cli.spec.spec import Published

PUBLISHED: Final = {name: said for name in shipped() if (said := load(name).spec.published)}


def of_library(library: str) -> list[tuple[str, Published]]:
    found = [(said.weights.removeprefix(f"{library}:"), said) for said in PUBLISHED.values()]
    return [(name, said) for name, said in found if name != said.weights]


def test_torchvision_states_the_same_accuracy() -> None:
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed: nothing to compare with")
    for name, said in of_library("torchvision"):
        network, weights = name.split(".")
        found = models.get_model_weights(network)[weights]
        assert (name, said.top1) == (name, found.meta["_metrics"]["ImageNet-1K"]["acc@1"])


def test_timm_has_weights_of_the_name() -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed: nothing to compare with")
    assert {name for name, _ in of_library("timm")} <= set(timm.list_pretrained())
