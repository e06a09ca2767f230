"""Other tools' counts of a module, as they give them by default."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

import torch
from torch import Tensor, nn

from mbconv_cli.pytorch.peers.peer_modules import PeerAbsentError, library_version, load_library


@dataclass(frozen=True, slots=True)
class Counter:
    """A tool that counts.

    Attributes:
        package: what is installed under a version.
        device: where the module may be: most tools need its shapes only.
        count: the tool's figure for a module and an image `[1, C, H, W]`.
    """

    package: str
    device: str
    count: Callable[[Any, nn.Module, Tensor], int]


@dataclass(frozen=True, slots=True)
class Counted:
    """A tool's figure, in its own unit, and its version."""

    figure: int
    version: str


def count_with(tool: str, make: Callable[[torch.device], nn.Module], input_shape: tuple[int, ...]) -> Counted:
    """A tool's figure.

    Args:
        tool: one of `COUNTERS`.
        make: makes the module to count. Tools leave traces in it, so each gets its own.
        input_shape: `(C, H, W)`.

    Raises:
        PeerAbsentError: the tool is not installed, or does not load or run.
    """
    counter = COUNTERS[tool]
    with warnings.catch_warnings(), redirect_stdout(StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")  # of the tools, about their own use of torch
        package = load_library(counter.package)
        device = torch.device(counter.device)
        image = torch.zeros(1, *input_shape, device=device)
        return Counted(counter.count(package, make(device), image), library_version(counter.package))


def _fvcore(_: Any, module: nn.Module, image: Tensor) -> int:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    return int(analysis.total())


def _ptflops(ptflops: Any, module: nn.Module, image: Tensor) -> int:
    macs, _ = ptflops.get_model_complexity_info(
        module, tuple(image.shape[1:]), print_per_layer_stat=False, as_strings=False
    )
    if macs is None:  # it prints why, and goes on
        raise PeerAbsentError("does not run")
    return int(macs)


def _torchinfo(torchinfo: Any, module: nn.Module, image: Tensor) -> int:
    return int(torchinfo.summary(module, input_data=image, verbose=0).total_mult_adds)


def _thop(thop: Any, module: nn.Module, image: Tensor) -> int:
    macs, _ = thop.profile(module, (image,), verbose=False)
    return int(macs)


def _flop_counter(_: Any, module: nn.Module, image: Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(image)
    return int(counter.get_total_flops())


# fvcore traces the module, which needs real tensors; on the meta device torch calls functions that ptflops counts.
COUNTERS: Final[dict[str, Counter]] = {
    "fvcore": Counter("fvcore", "cpu", _fvcore),
    "ptflops": Counter("ptflops", "cpu", _ptflops),
    "torchinfo": Counter("torchinfo", "meta", _torchinfo),
    "thop": Counter("thop", "meta", _thop),
    "flop_counter": Counter("torch", "meta", _flop_counter),
}
