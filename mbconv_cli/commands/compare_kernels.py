"""`mbconv compare-kernels`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import typer

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.analysis.compare.kernels_in_network import kernels_in_network
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.commands.measuring_options import StrictOption, measuring, require_usable
from mbconv_cli.commands.options import (
    ArchDirOption,
    BatchOption,
    DeviceOption,
    MeasureOption,
    OutputOption,
    PlotFormatOption,
    ProcessesOption,
    SectionOption,
    SetOption,
    ThreadsOption,
    complete_network,
)
from mbconv_cli.commands.output import show
from mbconv_cli.commands.sizes import parse_kernel, parse_sizes, parse_stack
from mbconv_cli.cost.kernel_formulas import equal_stack
from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.limits import MAX_KERNEL_SIZE, MAX_RESOLUTION

DEFAULT_N: Final = "8"
DEFAULT_EXTENT: Final = 56

NOption = Annotated[
    str | None,
    typer.Option(
        "--n",
        metavar="N",
        help="Output channels: a number, a list (4,8,16) or a range (1..64).",
        show_default=DEFAULT_N,
    ),
]
MOption = Annotated[
    str | None,
    typer.Option(
        "--m", metavar="M", help="Input channels: a number, or n for as many as output channels.", show_default="n"
    ),
]
HeightOption = Annotated[
    int | None,
    typer.Option(
        "--height",
        metavar="PIXELS",
        min=1,
        max=MAX_RESOLUTION,
        help="Height of the input.",
        show_default=str(DEFAULT_EXTENT),
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        "--width", metavar="PIXELS", min=1, max=MAX_RESOLUTION, help="Width of the input.", show_default="the height"
    ),
]
StrideOption = Annotated[
    int | None,
    typer.Option(
        "--stride", metavar="N", min=1, max=MAX_KERNEL_SIZE, help="Stride of the first layer.", show_default="1"
    ),
]
KernelOption = Annotated[str, typer.Option("--kernel", metavar="KERNEL", help="The large kernel, e.g. 5 or 7x7.")]
StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="KERNELS",
        help="The kernels in its place, e.g. 3x3,3x3.",
        show_default="3x3s that see as much",
    ),
]
NormActOption = Annotated[
    bool | None,
    typer.Option(
        "--norm-act/--no-norm-act",
        help="Follow every convolution by batch norm and ReLU.",
        show_default="norm-act",
    ),
]
InNetworkOption = Annotated[
    str | None,
    typer.Option(
        "--in-network",
        metavar="NETWORK",
        help="Change every such kernel of this network instead, and compare the whole.",
        autocompletion=complete_network,
        show_default=False,
    ),
]


def compare_kernels_command(
    n: NOption = None,
    m: MOption = None,
    height: HeightOption = None,
    width: WidthOption = None,
    stride: StrideOption = None,
    kernel: KernelOption = "5",
    stack: StackOption = None,
    norm_act: NormActOption = None,
    in_network: InNetworkOption = None,
    overrides: SetOption = None,
    batch_size: BatchOption = 1,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    strict: StrictOption = False,
    output_format: PlotFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Compare one large kernel with a stack of small ones in depthwise separable convolutions, from M to N channels.

    MnasNet's argument: one 5x5 costs H W M (25 + N), two 3x3 cost 2 H W M (9 + N), so one 5x5 is cheaper if N > 7.
    Here it is on paper, in the layers as they are built, and, with --measure, on this machine.

    For example:

    - `mbconv compare-kernels --n 8`

    - `mbconv compare-kernels --n 1..64 --kernel 7 --stack 3x3,5x5`

    - `mbconv compare-kernels --n 4,8,16,32,64 --m n --height 14 --measure`

    - `mbconv compare-kernels --in-network mnasnet-a1 --measure`
    """
    one = parse_kernel(kernel, "--kernel")
    several = equal_stack(one) if stack is None else parse_stack(stack, "--stack")
    if not several:
        raise InputError("--kernel: no stack of 3x3 sees as little as 1x1; give a --stack")
    layers = {"--n": n, "--m": m, "--height": height, "--width": width, "--stride": stride, "--norm-act": norm_act}
    with measuring(measure, "measuring", device=device, threads=threads, processes=processes, strict=strict) as wanted:
        if in_network is not None:
            _require_none(layers, "describes layers, not a network; leave it out with --in-network")
            catalogue = user_catalogue(arch_dir or ())
            network = open_network(in_network, catalogue=catalogue, overrides=overrides or ())
            report = kernels_in_network(network, one, several, batch_size=batch_size, measure=wanted)
        else:
            _require_none({"--set": overrides, "--arch-dir": arch_dir}, "needs --in-network")
            extent = (height or DEFAULT_EXTENT, width or height or DEFAULT_EXTENT)
            report = compare_kernels(_question(one, several, n, m, extent, stride, batch_size, norm_act), wanted)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)


def _question(
    kernel: int,
    stack: tuple[int, ...],
    n: str | None,
    m: str | None,
    extent: tuple[int, int],
    stride: int | None,
    batch_size: int,
    norm_act: bool | None,
) -> KernelQuestion:
    """What is compared, with the defaults of what is not given."""
    return KernelQuestion(
        kernel=kernel,
        stack=stack,
        n=parse_sizes(DEFAULT_N if n is None else n, "--n"),
        m=_parse_m(m),
        height=extent[0],
        width=extent[1],
        stride=stride or 1,
        batch_size=batch_size,
        norm_act=norm_act is not False,
    )


def _parse_m(text: str | None) -> int | None:
    if text is None or text.strip().lower() == "n":
        return None
    sizes = parse_sizes(text, "--m")
    if len(sizes) > 1:
        raise InputError(f"--m {text!r}: should be one number, or n for as many as come out")
    return sizes[0]


def _require_none(options: Mapping[str, object], why: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise InputError(f"{option} {why}")
