"""The recogniser of each block type."""

from __future__ import annotations

from typing import Final

from mbconv_cli.recognition.blocks.recognise_basic_block import basic_blocks
from mbconv_cli.recognition.blocks.recognise_bottleneck import bottlenecks
from mbconv_cli.recognition.blocks.recognise_conv import convs, pools
from mbconv_cli.recognition.blocks.recognise_depthwise_separable import depthwise_separables
from mbconv_cli.recognition.blocks.recognise_fused_mbconv import fused_mbconvs
from mbconv_cli.recognition.blocks.recognise_ghost_bottleneck import ghost_bottlenecks
from mbconv_cli.recognition.blocks.recognise_mbconv import mbconvs
from mbconv_cli.recognition.blocks.recognise_mobile_attention import mobile_attentions
from mbconv_cli.recognition.blocks.recognise_mobile_one import mobile_ones
from mbconv_cli.recognition.blocks.recognise_rep_vgg import rep_vggs
from mbconv_cli.recognition.blocks.recognise_universal_inverted_bottleneck import universal_inverted_bottlenecks
from mbconv_cli.recognition.blocks.recognise_xception import xceptions
from mbconv_cli.recognition.found_block import Recogniser

RECOGNISERS: Final[tuple[Recogniser, ...]] = (
    mbconvs,
    depthwise_separables,
    fused_mbconvs,
    bottlenecks,
    basic_blocks,
    rep_vggs,
    mobile_ones,
    universal_inverted_bottlenecks,
    mobile_attentions,
    ghost_bottlenecks,
    xceptions,
    convs,
    pools,
)
"""All of them are asked; the reading of a whole network with the fewest and plainest blocks is taken."""
