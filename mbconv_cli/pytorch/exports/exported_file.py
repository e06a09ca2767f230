"""A Plan built, written in another program's format, read back, and compared: the outputs must be the same."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import torch
from torch import Tensor, nn

from mbconv_cli.errors import CheckFailedError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build, images_to_settle, settle
from mbconv_cli.pytorch.peers.peer_forward import relative_difference

SEED: Final = 0
"""Of the weights, so that the same network always gives the same file."""


class Target(str, Enum):
    """What a network is exported to."""

    ONNX = "onnx"
    PT2 = "pt2"
    TORCHSCRIPT = "torchscript"
    PYTHON = "python"


TOLERANCES: Final = {Target.ONNX: 1e-4, Target.PT2: 1e-5, Target.TORCHSCRIPT: 1e-5, Target.PYTHON: 1e-5}
"""How much outputs may differ, as a share of the largest one."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's content, and how far its outputs are from the built network's.

    Attributes:
        content: of the file.
        difference: the largest of all outputs, as a share of the largest output.
    """

    content: bytes
    difference: float


def export_file(plan: Plan, target: Target, *, batch_size: int = 1, source: str = "") -> Exported:
    """Build the network with random weights, export it, read the export back, and run both on the same images.

    Args:
        plan: what to build.
        target: the format.
        batch_size: images in a batch, which the export is made for.
        source: the module of plain PyTorch, where that is the target.

    Raises:
        CheckFailedError: the outputs differ by more than the target's tolerance.
        InputError: the weights are more than the format holds.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters' own, of their own parts
        torch.manual_seed(SEED)
        network = build(plan, torch.device("cpu"), inplace=False)
        settle(network, torch.randn(images_to_settle(plan), *plan.input_shape))
    images = torch.randn(batch_size, *plan.input_shape, generator=torch.Generator().manual_seed(SEED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content, run = _EXPORTERS[target](network, plan, images, source)
    with torch.inference_mode():
        difference = relative_difference(run(images), network(images))
    if not difference <= TOLERANCES[target]:
        raise CheckFailedError(
            f"{plan.name} as {target.value}: outputs differ by {difference:.2g} of the largest one, "
            f"{TOLERANCES[target]:g} is allowed; nothing was written"
        )
    return Exported(content, difference)


def _onnx(network: Network, plan: Plan, images: Tensor, _: str) -> tuple[bytes, Callable[[Tensor], Tensor]]:
    import onnxruntime

    from mbconv_cli.pytorch.onnx.onnx_export import export

    content = export(network, (images,), {op.name for op in plan.ops})
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return content, lambda batch: torch.from_numpy(session.run(None, {name: batch.numpy()})[0])


def _pt2(network: Network, _: Plan, images: Tensor, __: str) -> tuple[bytes, Callable[[Tensor], Tensor]]:
    stream = io.BytesIO()
    torch.export.save(torch.export.export(network, (images,)), stream)
    content = stream.getvalue()
    return content, torch.export.load(io.BytesIO(content)).module()


def _torchscript(network: Network, _: Plan, images: Tensor, __: str) -> tuple[bytes, Callable[[Tensor], Tensor]]:
    jit: Any = torch.jit  # has no types
    stream = io.BytesIO()
    with torch.no_grad():
        jit.save(jit.trace(network, images), stream)
    content = stream.getvalue()
    return content, jit.load(io.BytesIO(content))


def _python(network: Network, plan: Plan, _: Tensor, source: str) -> tuple[bytes, Callable[[Tensor], Tensor]]:
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported", "exec"), namespace)  # noqa: S102 - this program's own text, generated from a Plan
    exported: nn.Module = namespace["Network"]().eval()
    take_weights(exported, network, plan)
    return source.encode(), exported


def take_weights(exported: nn.Module, network: Network, plan: Plan) -> None:
    """Give a module of plain PyTorch the weights of the built network: both have their ops in the Plan's order."""
    ordered = [tensor for op in plan.ops for tensor in network.get_submodule(op.name).state_dict().values()]
    exported.load_state_dict(dict(zip(exported.state_dict(), ordered, strict=True)))


_EXPORTERS: Final[dict[Target, Callable[..., tuple[bytes, Callable[[Tensor], Tensor]]]]] = {
    Target.ONNX: _onnx,
    Target.PT2: _pt2,
    Target.TORCHSCRIPT: _torchscript,
    Target.PYTHON: _python,
}
