"""Batch norms folded into convolutions, and parallel convolutions merged: the weights of the network without them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.parallel_sums import ParallelSum, merge_parallel_sums, parallel_sums
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
        _copy(module, source, network.get_submodule(name))
    return folded


@torch.no_grad()
def merge_network(network: Network, plan: Plan) -> Network:
    """The network with one convolution for each parallel sum, with weights that compute what the given one computes.

    Args:
        network: the Plan, built, settled and folded; it is left as it is.
        plan: the Plan before merging.
    """
    merged = build(merge_parallel_sums(plan), next(network.parameters()).device)
    sums = {one.whole.name: one for one in parallel_sums(plan)}
    for name, module in merged.named_modules():
        source: Mapping[str, Tensor] = dict(network.get_submodule(name).named_parameters(recurse=False))
        if name in sums:
            assert isinstance(module, nn.Conv2d)
            source = _merged_weights(module, sums[name], network)
        _copy(module, source, network.get_submodule(name))
    return merged


def _copy(module: nn.Module, parameters: Mapping[str, Tensor], statistics_of: nn.Module) -> None:
    for key, parameter in module.named_parameters(recurse=False):
        parameter.copy_(parameters[key])
    for key, statistic in module.named_buffers(recurse=False):
        statistic.copy_(statistics_of.get_buffer(key))


def _merged_weights(whole: nn.Conv2d, summed: ParallelSum, network: Network) -> dict[str, Tensor]:
    """The sum of all branches' kernels, each at its corner, and of their biases."""
    weight, bias = torch.zeros_like(whole.weight), torch.zeros(whole.out_channels, device=whole.weight.device)
    channels = torch.arange(whole.out_channels, device=weight.device)
    for branch in summed.branches:
        module = network.get_submodule(branch.name) if branch.name else nn.Identity()
        top, left = branch.corner
        if isinstance(module, nn.Conv2d):
            height, width = module.kernel_size
            weight[:, :, top : top + height, left : left + width] += module.weight
            bias += 0 if module.bias is None else module.bias
            continue
        scale, shift = _scale_and_shift(module)
        weight[channels, channels % weight.shape[1], top, left] += scale
        bias += shift
    return {"weight": weight, "bias": bias}


def _scale_and_shift(module: nn.Module) -> tuple[Tensor | float, Tensor | float]:
    """What a norm with its statistics does to each channel; nothing, of no module."""
    if not isinstance(module, nn.BatchNorm2d):
        return 1.0, 0.0
    assert module.running_mean is not None
    assert module.running_var is not None
    scale = module.weight * torch.rsqrt(module.running_var + module.eps)
    return scale, module.bias - module.running_mean * scale


def _folded_weights(weight: nn.Parameter, bias: nn.Parameter | None, norm: nn.BatchNorm2d) -> dict[str, nn.Parameter]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    fused = fuse_conv_bn_weights(weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    return dict(zip(("weight", "bias"), fused, strict=True))
