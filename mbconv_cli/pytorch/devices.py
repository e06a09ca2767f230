"""The devices that there are, and the one that a user names. Imports torch only when a device is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import AUTO, DeviceChoice
from mbconv_cli.machine.fingerprint import cpu_model
from mbconv_cli.machine.threads import ThreadChoice
from mbconv_cli.report.model import Cell

if TYPE_CHECKING:
    import torch


def available_devices() -> tuple[str, ...]:
    """The names of all devices that torch can compute on here, the CPU last."""
    import torch

    names: list[str] = []
    if torch.accelerator.is_available():
        accelerator = torch.accelerator.current_accelerator()
        kind = accelerator.type if accelerator else ""
        names += [f"{kind}:{index}" for index in range(torch.accelerator.device_count())]
    return (*names, "cpu")


def resolve_device(choice: DeviceChoice) -> torch.device:
    """The device itself; `auto` is the first accelerator, or else the CPU.

    Raises:
        InputError: it is not there; says why, and which are.
    """
    import torch

    available = available_devices()
    if choice.type == AUTO:
        return torch.device(available[0])
    if choice.type == "cpu" and not choice.index:
        return torch.device("cpu")
    name = f"{choice.type}:{choice.index or 0}"
    if name in available:
        return torch.device(name)
    written = choice.type if choice.index is None else name
    raise InputError(
        f"device {written!r} is not there: {_why_absent(choice, available)}; available: {', '.join(available)}"
    )


def is_accelerator(device: torch.device) -> bool:
    """Whether a device computes beside the host, which launches its work, and so has a time of its own."""
    return device.type != "cpu"


def device_name(device: torch.device) -> str | None:
    """The accelerator's model, where torch knows it."""
    import torch

    if device.type == "cpu":
        return None
    module = getattr(torch, device.type, None)
    name = getattr(module, "get_device_name", None)
    return str(name(device)) if name else device.type


def torch_fingerprint(device_text: str, threads: ThreadChoice) -> dict[str, Cell]:
    """What torch adds: its version, threads and instruction set, and the device.

    Args:
        device_text: `cpu`, `cuda:0`, ...
        threads: that it computes with on the CPU.
    """
    import torch

    from mbconv_cli.pytorch.arithmetic import tf32_in_use

    device = torch.device(device_text)
    return {
        "torch": str(torch.__version__),  # else a type of torch, which a process would need torch to read
        "cuda": torch.version.cuda,
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "threads": threads.count,
        "threads_because": threads.reason,
        "device": str(device),
        "device_name": device_name(device) or cpu_model(),
        "tf32": tf32_in_use(device),
    }


def _why_absent(choice: DeviceChoice, available: tuple[str, ...]) -> str:
    import torch

    same_kind = [name for name in available if name.split(":")[0] == choice.type]
    if same_kind:
        return f"there is only {', '.join(same_kind)}"
    match choice.type:
        case "cuda" if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
            return f"this torch {torch.__version__} is built without CUDA"
        case "cuda":
            return f"torch {torch.__version__} finds no NVIDIA or AMD GPU, or no driver for one"
        case "mps" if not torch.backends.mps.is_built():
            return f"this torch {torch.__version__} is built without MPS (Apple's GPUs)"
        case _:
            return f"torch {torch.__version__} finds no {choice.type} device"
