"""What other libraries and papers call things, for suggestions: the nearest spelling is often not what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mbconv_cli.errors import did_you_mean

KEYS: Final[Mapping[str, str]] = {
    "arch_def": "blocks",
    "block_args": "blocks",
    "blocks_args": "blocks",
    "width": "scaling.width",
    "width_mult": "scaling.width",
    "width_multiplier": "scaling.width",
    "width_coefficient": "scaling.width",
    "channel_multiplier": "scaling.width",
    "depth": "scaling.depth",
    "depth_multiplier": "scaling.depth",
    "depth_coefficient": "scaling.depth",
    "resolution": "input.resolution",
    "image_size": "input.resolution",
    "in_chans": "input.channels",
    "num_classes": "classifier.num_classes",
    "num_features": "head.output_filters",
    "bn_eps": "norm.eps",
    "bn_momentum": "norm.momentum",
    "kernel": "kernel_size",
    "k": "kernel_size",
    "exp_size": "expanded_filters",
    "exp_ratio": "expand_ratio",
    "expansion": "expand_ratio",
    "t": "expand_ratio",
    "out_channels": "output_filters",
    "out_chs": "output_filters",
    "filters": "output_filters",
    "channels": "output_filters",
    "c": "output_filters",
    "in_channels": "input_filters",
    "in_chs": "input_filters",
    "repeats": "num_repeat",
    "n": "num_repeat",
    "s": "stride",
    "se": "se_ratio",
    "act": "activation",
    "act_layer": "activation",
    "non_linearity": "activation",
    "nl": "activation",
    "skip": "shortcut",
    "dilation_rate": "dilation",
    "d": "dilation",
    "phi": "scaling.compound",
    "reduction": "output_stride",
    "shuffle": "channel_shuffle",
    "num_experts": "experts",
    "num_heads": "heads",
    "key_dim": "key_filters",
    "value_dim": "value_filters",
    "kv_stride": "reduction",
    "use_bias": "bias",
}
"""A key of TensorFlow's EfficientNet, of torchvision, timm or a paper's table, and the key or path here."""
VALUES: Final[Mapping[str, str]] = {
    "silu": "swish",
    "hardswish": "hard_swish",
    "hswish": "hard_swish",
    "h_swish": "hard_swish",
    "hs": "hard_swish",
    "hardsigmoid": "hard_sigmoid",
    "hsigmoid": "hard_sigmoid",
    "h_sigmoid": "hard_sigmoid",
    "re": "relu",
    "leakyrelu": "leaky_relu",
    "identity": "none",
    "linear": "none",
    "uib": "universal_inverted_bottleneck",
    "inverted_residual": "mbconv",
    "inverted_bottleneck": "mbconv",
    "ir": "mbconv",
    "edge_residual": "fused_mbconv",
    "er": "fused_mbconv",
    "ds": "depthwise_separable",
    "sepconv": "depthwise_separable",
    "cn": "conv",
    "mqa": "mobile_attention",
}
"""A value elsewhere, and the value here."""

_OTHER_ACTIVATIONS: Final = (
    *("celu", "gelu_tanh", "quick_gelu", "geglu", "glu", "swiglu", "hard_mish", "hardmish", "hardtanh"),
    *("rrelu", "selu", "softplus", "softsign"),
)
NOT_EXPRESSIBLE: Final[Mapping[str, str]] = {
    "dropout": "it does nothing in inference, and has no key here",
    "drop_rate": "dropout does nothing in inference, and has no key here",
    "drop_connect_rate": "it does nothing in inference, and has no key here",
    **{name: f"the activation {name} cannot be expressed here" for name in _OTHER_ACTIVATIONS},
}
"""What has no key or value here, so that none that is merely spelled alike is suggested."""


def suggestion(word: str, valid: Iterable[str], synonyms: Mapping[str, str]) -> str:
    """`; here it is called 'x'`, `; did you mean 'x'?` or nothing.

    Args:
        word: what was written.
        valid: what may stand in its place.
        synonyms: words of others; a path through sections may always be named.
    """
    if word.casefold() in NOT_EXPRESSIBLE:
        return f"; {NOT_EXPRESSIBLE[word.casefold()]}"
    names = list(valid)
    meant = synonyms.get(word.casefold())
    if meant and word not in names and (meant in names or "." in meant):
        return f"; here it is called {meant!r}"
    return did_you_mean(word, names)
