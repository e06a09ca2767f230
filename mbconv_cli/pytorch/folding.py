"""Batch norms folded into the convolutions before them: the weights of the network without them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import fold_norm, folded_norms
from mbconv_cli.pytorch.built_network import Network, build


@torch.no_grad()
def fold_network(network: Network, plan: Plan) -> Network:
    """The network of the folded Plan, with weights that compute what the given network computes in eval mode.

    Args:
        network: the Plan, built and settled; it is left as it is.
        plan: the Plan before folding.
    """
    folded = build(fold_norm(plan), next(network.parameters()).device)
    norms = {convolution: norm for norm, convolution in folded_norms(plan).items()}
    for name, module in folded.named_modules():
        source = dict(network.get_submodule(name).named_parameters(recurse=False))
        if name in norms:
            norm = network.get_submodule(norms[name])
            assert isinstance(module, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            source = _folded_weights(source["weight"], source.get("bias"), norm)
        for key, parameter in module.named_parameters(recurse=False):
            parameter.copy_(source[key])
        for key, statistic in module.named_buffers(recurse=False):
            statistic.copy_(network.get_submodule(name).get_buffer(key))
    return folded


def _folded_weights(weight: nn.Parameter, bias: nn.Parameter | None, norm: nn.BatchNorm2d) -> dict[str, nn.Parameter]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    fused = fuse_conv_bn_weights(weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    return dict(zip(("weight", "bias"), fused, strict=True))
