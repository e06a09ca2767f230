"""`mbconv compare-blocks`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mbconv_cli.analysis.compare.block_family import BlockQuestion
from mbconv_cli.analysis.compare.blocks import compare_blocks
from mbconv_cli.commands.measuring_options import StrictOption, measuring, require_usable
from mbconv_cli.commands.options import (
    BatchOption,
    DeviceOption,
    FormatOption,
    MeasureOption,
    OutputOption,
    ProcessesOption,
    SectionOption,
    SetOption,
    ThreadsOption,
)
from mbconv_cli.commands.output import show
from mbconv_cli.commands.sizes import parse_extent, parse_kernel
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.limits import MAX_KERNEL_SIZE, MAX_SIZE

InOption = Annotated[
    int, typer.Option("--in", metavar="N", min=1, max=MAX_SIZE, help="Input channels.", show_default=False)
]
OutOption = Annotated[
    int, typer.Option("--out", metavar="N", min=1, max=MAX_SIZE, help="Output channels.", show_default=False)
]
ExtentOption = Annotated[
    Any,  # an Extent, as `parse_extent` makes it
    typer.Option(
        "--resolution",
        metavar="PIXELS",
        parser=parse_extent,
        help="Height and width of the input: 14, or 14x28.",
        show_default=False,
    ),
]
StrideOption = Annotated[
    int, typer.Option("--stride", metavar="N", min=1, max=MAX_KERNEL_SIZE, help="Stride of every block.")
]
KernelOption = Annotated[
    str, typer.Option("--kernel", metavar="KERNEL", help="Kernel of the spatial convolution, e.g. 5 or 7x7.")
]
ExpandOption = Annotated[
    float,
    typer.Option(
        "--expand-ratio", metavar="RATIO", min=0.001, max=1_000, help="Expand ratio of the blocks that expand."
    ),
]
SeOption = Annotated[
    float,
    typer.Option("--se-ratio", metavar="RATIO", min=0, max=1, help="SE ratio of the blocks with SE; 0 leaves SE out."),
]
BlockOption = Annotated[
    list[str] | None,
    typer.Option(
        "--block",
        metavar="ROW",
        help="One more block: a row's notation, or YAML such as '{type: fused_mbconv, expand_ratio: 4}', which takes "
        "kernel, stride and channels from the other options; may be given several times.",
        show_default=False,
    ),
]


def compare_blocks_command(
    channels_in: InOption,
    channels_out: OutOption,
    resolution: ExtentOption,
    stride: StrideOption = 1,
    kernel: KernelOption = "3",
    expand_ratio: ExpandOption = 6.0,
    se_ratio: SeOption = 0.25,
    block: BlockOption = None,
    overrides: SetOption = None,
    batch_size: BatchOption = 1,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    strict: StrictOption = False,
    output_format: FormatOption = Format.AUTO,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Compare the building blocks of the family between the same input and output.

    Plain convolution, MobileNetV1's depthwise separable one, Xception's without norm and activation in between,
    MobileNetV2's inverted residual, MobileNetV3's and EfficientNet's MBConv with SE, EfficientNetV2's Fused-MBConv.

    For example:

    - `mbconv compare-blocks --in 80 --out 112 --resolution 14 --kernel 5`

    - `mbconv compare-blocks --in 80 --out 112 --resolution 14 --block ir_r1_k5_s1_e6_c112_se0.25`

    - `mbconv compare-blocks --in 32 --out 32 --resolution 56 --block '{type: fused_mbconv, expand_ratio: 4}' --measure`
    """
    question = BlockQuestion(
        channels_in=channels_in,
        channels_out=channels_out,
        resolution=resolution,
        stride=stride,
        kernel_size=parse_kernel(kernel, "--kernel"),
        expand_ratio=expand_ratio,
        se_ratio=se_ratio,
        batch_size=batch_size,
        extra_rows=tuple(block or ()),
        overrides=tuple(overrides or ()),
    )
    with measuring(measure, "measuring", device=device, threads=threads, processes=processes, strict=strict) as wanted:
        report = compare_blocks(question, wanted)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)
