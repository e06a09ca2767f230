"""The built networks against torchvision's and timm's: same layers, same costs, same numbers out of same weights.

Nothing is downloaded: the peers' weights are their random initialisation. It is copied over in order of execution.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.op_kinds import BatchNorm, Conv2d, Linear
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.weights import copy_weights
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.units import FLOPS_PER_MAC
from tests.without_values import MetaPass, meta_pass

MOST_DIFFERENT: Final = 1e-5

# timm builds it for weights from TensorFlow: padded as TensorFlow pads, with the eps of its batch norm.
TF_EFFICIENTNET_B0: Final = """
extends: efficientnet-b0
padding: same
norm: {eps: 1e-3, momentum: 0.1}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A network of another library, and ours: a shipped name, or a YAML text where `text` is given."""

    ours: str
    library: str
    model: str
    text: str | None = None

    def plan(self) -> Plan:
        return plan_loaded(load(self.ours) if self.text is None else load_text(self.text, f"{self.ours}.yaml"))

    @property
    def marks(self) -> list[pytest.MarkDecorator]:
        """All tests of a peer run in one process, which builds it once."""
        return [pytest.mark.xdist_group(f"{self.library}-{self.model}")]

    def build(self) -> nn.Module:
        module = "torchvision.models" if self.library == "torchvision" else self.library
        library: Any = pytest.importorskip(module, reason=f"{self.library} is not installed: nothing to compare with")
        model: nn.Module
        if self.library == "torchvision":
            model = library.get_model(self.model, weights=None)
        else:
            model = library.create_model(self.model, pretrained=False)
        return model


PEERS: Final = (
    *(Peer(f"efficientnet-b{index}", "torchvision", f"efficientnet_b{index}") for index in range(8)),
    Peer("mobilenet-v2", "torchvision", "mobilenet_v2"),
    Peer("mobilenet-v3-large", "torchvision", "mobilenet_v3_large"),
    Peer("mobilenet-v3-small", "torchvision", "mobilenet_v3_small"),
    Peer("mnasnet-b1", "torchvision", "mnasnet1_0"),
    Peer("mobilenet-v1", "timm", "mobilenetv1_100"),
    Peer("mnasnet-a1", "timm", "semnasnet_100"),
    Peer("efficientnet-b0, padding same", "timm", "tf_efficientnet_b0", TF_EFFICIENTNET_B0),
)
NAMED: Final = {peer.ours for peer in PEERS}
WITHOUT_PEER: Final = {"bottleneck-v3-se-last"}


def peers_of_the_others() -> list[Peer]:
    """The peers that the other shipped files name; `verify` compares them layer by layer and by their outputs."""
    found = []
    for name in sorted(set(shipped()) - NAMED - WITHOUT_PEER):
        expect = load(name).spec.expect
        assert expect is not None, name
        assert expect.peer is not None, name
        found.append(Peer(name, *expect.peer.split(":")))
    return found


LARGE: Final = {*(f"efficientnet-b{index}" for index in range(3, 8)), "efficientnet-v2-xl", "resnet-101", "fbnet-v3-g"}


def parametrized(peers: Iterable[Peer], slow: Container[str] = ()) -> pytest.MarkDecorator:
    """A test of each peer; of those in `slow`, one that is left out unless it is asked for."""
    return pytest.mark.parametrize(
        "peer",
        [
            pytest.param(
                peer,
                id=f"{peer.library}-{peer.model}",
                marks=[*peer.marks, *([pytest.mark.slow] if peer.ours in slow else [])],
            )
            for peer in peers
        ],
    )


every_peer = parametrized(PEERS)
every_shipped = parametrized([*PEERS, *peers_of_the_others()])
every_peer_large_ones_slow = parametrized(PEERS, slow=LARGE)


@every_peer_large_ones_slow
def test_same_weights_give_the_same_output(peer: Peer) -> None:
    torch.manual_seed(0)
    plan, theirs = peer.plan(), peer.build()
    images = torch.randn(2, *plan.input_shape)
    randomise_norms(theirs, images)
    ours = build(plan, torch.device("cpu"))
    copy_weights(theirs, ours, images[:1])
    with torch.inference_mode():
        expected, output = theirs(images), ours(images)
    assert relative_difference(expected[:1], expected[1:]) > 1e-2, "the output must depend on the image"
    assert relative_difference(output, expected) <= MOST_DIFFERENT


@every_shipped
def test_norms_have_the_same_eps_and_momentum_in_the_same_order(peer: Peer) -> None:
    plan = peer.plan()
    norms = [module for module in run_without_weights(peer).layers if isinstance(module, nn.BatchNorm2d)]
    theirs = [(norm.num_features, norm.eps, round(norm.momentum or 0, 12)) for norm in norms]
    ours = [(op.kind.channels, op.kind.eps, op.kind.momentum) for op in plan.ops if isinstance(op.kind, BatchNorm)]
    assert ours == theirs


@every_peer
def test_convolutions_are_the_same_in_the_same_order(peer: Peer) -> None:
    plan = peer.plan()
    theirs = [
        (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.groups, conv.bias is not None)
        for conv in run_without_weights(peer).layers
        if isinstance(conv, nn.Conv2d)
    ]
    ours = [
        (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.groups, conv.bias)
        for conv in (op.kind for op in plan.ops)
        if isinstance(conv, Conv2d)
    ]
    assert ours == theirs


@every_peer
def test_linear_layers_are_the_same_in_the_same_order(peer: Peer) -> None:
    plan = peer.plan()
    layers = [module for module in run_without_weights(peer).layers if isinstance(module, nn.Linear)]
    theirs = [(layer.in_features, layer.out_features, layer.bias is not None) for layer in layers]
    ours = [(op.kind.in_features, op.kind.out_features, op.kind.bias) for op in plan.ops if isinstance(op.kind, Linear)]
    assert ours == theirs


@every_shipped
def test_params_and_macs_are_those_of_torch_on_the_peer(peer: Peer) -> None:
    plan = peer.plan()
    cost = total(plan_costs(plan))
    theirs = run_without_weights(peer)
    assert cost.params == theirs.params
    assert FLOPS_PER_MAC * cost.macs == theirs.flops


@cache
def run_without_weights(peer: Peer) -> MetaPass:
    """A pass of the peer on an image of the Plan's resolution, both without values."""
    return meta_pass(peer.build, peer.plan().input_shape)


def randomise_norms(model: nn.Module, images: Tensor) -> None:
    """Give every norm scales and shifts of its own, and the statistics of the images under them.

    So no two norms are alike, and the signal neither vanishes on its way nor overflows: one that vanished would
    agree with anything.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = None  # the running statistics become those of the next pass
    with torch.no_grad():
        model.train()(images)
    model.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def relative_difference(output: Tensor, expected: Tensor) -> float:
    """The largest difference, as a share of the largest value expected."""
    return float((output - expected).abs().max() / expected.abs().max())
