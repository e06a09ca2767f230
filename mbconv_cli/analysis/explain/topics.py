"""What `mbconv explain TOPIC` explains, as data: sentences, and the block of a shipped network to show it on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of the family.

    Attributes:
        title: one sentence on what it is.
        paragraphs: what there is to know, before what is computed of the example.
        example: a block of a shipped network, as `NETWORK#BLOCK`.
        other_names: what else it is called.
        family: whether to compare the family's blocks between the same shapes.
    """

    title: str
    paragraphs: tuple[str, ...]
    example: str
    other_names: tuple[str, ...] = ()
    family: bool = False


TOPICS: Final[Mapping[str, Topic]] = {
    "mbconv": Topic(
        "MBConv, the block of MobileNetV2, MnasNet, MobileNetV3 and EfficientNet: expand, filter, gate, project, add.",
        (
            (
                "A 1x1 convolution expands the channels (by 6 in MBConv6), a depthwise convolution filters each "
                "channel by itself, squeeze-and-excitation (in the later networks) scales each channel by a "
                "factor that it computes from all of them, and a 1x1 convolution projects back to few channels, "
                "without an activation after it. Where input and output have the same shape, the input is "
                "added."
            ),
            (
                "It is an inverted residual: ResNet's bottleneck is wide, narrow, wide; this one is narrow, "
                "wide, narrow. The shortcut connects the narrow ends, so that what lives long in memory is "
                "small (Sandler et al. 2018, arXiv:1801.04381)."
            ),
        ),
        "efficientnet-b0#stages.2.1",
        ("inverted-residual", "mobile-inverted-bottleneck", "block"),
    ),
    "depthwise": Topic(
        "A depthwise separable convolution does in two cheap steps what a full convolution does in one.",
        (
            (
                "A depthwise convolution has one k x k filter for each channel and mixes none of them; a 1x1 "
                "(pointwise) convolution then mixes the channels and looks at one pixel. Per output pixel that "
                "takes k^2 M + M N products in place of k^2 M N: the fraction 1/N + 1/k^2 (Howard et al. 2017, "
                "arXiv:1704.04861, section 3.1). So nearly all that is left is the 1x1 convolution, as the "
                "table below shows."
            ),
        ),
        "mobilenet-v1#stages.1.0",
        ("depthwise-separable", "separable", "pointwise", "sepconv"),
    ),
    "expansion": Topic(
        "The expand ratio is how much wider a block is inside than at its ends, and most of what it costs.",
        (
            (
                "Expand and project cost t C x C each at every pixel, and the depthwise convolution k^2 t C: "
                "all three grow with the ratio t. It buys room for non-linear functions: an activation that "
                "sets half of its values to zero loses little where there are many channels, and much where "
                "there are few, which is why the projection has none (a linear bottleneck; Sandler et al. 2018, "
                "arXiv:1801.04381, section 3.2)."
            ),
            "What another ratio would cost in a network: `mbconv profile NETWORK --set 'blocks[*].expand_ratio=4'`.",
        ),
        "mobilenet-v2#stages.2.1",
        ("expand", "expand-ratio", "linear-bottleneck", "bottleneck"),
    ),
    "se": Topic(
        "Squeeze-and-excitation scales each channel by a factor between 0 and 1 that depends on all channels.",
        (
            (
                "Squeeze: the mean of each channel over its feature map. Excitation: two fully connected layers "
                "with a narrow middle, and a sigmoid (MobileNetV3: a hard sigmoid). Then every channel is "
                "multiplied by its factor (Hu et al. 2018, arXiv:1709.01507)."
            ),
            (
                "It has many parameters and next to no MACs, but it waits: no factor is known before the last "
                "pixel of the feature map is. Where EfficientNet counts the squeezed channels from the block's "
                "input, and MobileNetV3 from the expanded channels, the same ratio means six times as many."
            ),
        ),
        "efficientnet-b0#stages.2.1",
        ("squeeze-and-excitation", "squeeze-excitation", "squeeze-excite"),
    ),
    "fused-mbconv": Topic(
        "Fused-MBConv puts one full 3x3 convolution in the place of expand and depthwise.",
        (
            (
                "It does more arithmetic and less of everything else: one pass over the wide feature map fewer, "
                "and a convolution that hardware runs near its peak. It wins where channels are few and pixels "
                "many, and so EfficientNetV2 has it in its first stages alone (Gupta & Akin 2020; Tan & Le "
                "2021, arXiv:2104.00298, section 3.2)."
            ),
            "Compare both at a shape of your own: `mbconv compare-blocks --in 24 --out 24 --resolution 96 --measure`.",
        ),
        "efficientnet-v2-s#stages.1.1",
        ("fused", "fusedmbconv", "edge-residual"),
    ),
    "kernels": Topic(
        "N > 7: one depthwise separable 5x5 layer costs less than two 3x3 ones from 8 output channels on.",
        (
            (
                "MnasNet's argument for large kernels (Tan et al. 2018, arXiv:1807.11626): from M to N channels "
                "at H x W pixels, a separable k x k layer costs H W M (k^2 + N) MACs. One 5x5: 25 + N. Two 3x3, "
                "which see as much: 2 (9 + N) = 18 + 2 N. They are equal at N = 7, because the second layer "
                "brings a second 1x1 convolution."
            ),
            (
                "Inside an MBConv block it is different: if the depthwise kernel alone is stacked, there is no "
                "second 1x1 convolution, and two 3x3 cost 18 products in place of 25 at every N. What speaks "
                "against it there is another norm, another activation and another pass over the widest feature "
                "map of the block."
            ),
            (
                "Both, with measured times: `mbconv compare-kernels --n 8 --measure`, and in a network `mbconv "
                "compare-kernels --in-network mnasnet-a1`."
            ),
        ),
        "mnasnet-a1#stages.2.1",
        ("n>7", "n7", "kernel", "kernel-size", "receptive-field", "mnasnet"),
    ),
    "family": Topic(
        "V1, V2, V3, EfficientNet, Xception and Fused-MBConv differ in what stands around the same depthwise filter.",
        (
            (
                "Xception (2016): separable convolutions, two or three to a block, no activation between "
                "depthwise and the 1x1 convolution, and a shortcut around them. MobileNetV1 (2017): depthwise, "
                "norm, activation, 1x1, norm, activation; no expansion and no shortcut."
            ),
            (
                "MobileNetV2 (2018): expands before the depthwise convolution and projects after it, with no "
                "activation there; the shortcut connects the narrow ends. MnasNet (2018): the same block, with "
                "kernels and SE chosen for each stage by search. MobileNetV3 (2019): SE with a hard sigmoid and "
                "hard swish in the later stages, expansions written as channels."
            ),
            (
                "EfficientNet (2019): MnasNet's block with SE everywhere and swish, and one rule that scales "
                "width, depth and resolution together. EfficientNetV2 (2021): Fused-MBConv in the first stages, "
                "smaller expansion."
            ),
            "The table has each block as its paper builds it, from 40 to 40 channels at 28 x 28 pixels.",
        ),
        "mobilenet-v3-large#stages.4.0",
        ("v1", "v2", "v3", "mobilenet", "efficientnet", "xception", "efficientnetv2", "history"),
        family=True,
    ),
    "columns": Topic(
        "What each number of a row means, on the depthwise convolution of one block.",
        (
            (
                "params: trainable weights, k^2 C/groups for each output channel. MACs: one for every weight at "
                "every output pixel; what papers print as FLOPs or Mult-Adds. FLOPs: two for each MAC. bytes: "
                "input, weights and output once each, the least that must move. alive bytes: all feature maps "
                "that some later op still needs. intensity: FLOPs for each byte; where it is below what the "
                "machine does per byte, memory is the limit."
            ),
            (
                "ms: measured between two time stamps, and ± half of a 95 % interval across fresh processes; "
                "the layers add up to their pass. share: of the sum of its column."
            ),
            "Norms, activations, pooling and additions count no MACs, and move bytes all the same.",
        ),
        "efficientnet-b0#stages.2.1",
        ("macs", "flops", "params", "bytes", "latency", "row", "numbers", "alive-bytes", "intensity", "roofline"),
    ),
}


def topic_called(name: str) -> Topic | None:
    """The topic of a name, however it is spelled; None if there is none."""
    wanted = _letters(name)
    for key, topic in TOPICS.items():
        if wanted in {_letters(one) for one in (key, *topic.other_names)}:
            return topic
    return None


def _letters(name: str) -> str:
    return re.sub(r"[-_& ]", "", name.casefold())
