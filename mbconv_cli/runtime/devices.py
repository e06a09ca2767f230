"""Which devices there are, and which one a user means. Imports torch only when a device is looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import torch

AUTO: Final = "auto"
DEVICE_TYPES: Final = ("cpu", "cuda", "mps", "xpu")


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """What a user asked for: a type of device, and which one of them."""

    type: str
    index: int | None = None


def parse_device(text: str) -> DeviceChoice:
    """`auto`, `cpu`, `cuda`, `cuda:1`, `mps`, `xpu`, ... as a choice, without looking whether it is there.

    Raises:
        InputError: it is no name of a device.
    """
    match = re.fullmatch(r"([a-z]+)(?::([0-9]{1,4}))?", text)
    known = (AUTO, *DEVICE_TYPES)
    if not match or match[1] not in known or (match[1] == AUTO and match[2]):
        hint = did_you_mean(text, known) or f"; valid are {', '.join(known)}, with :N for the N-th of a kind"
        raise InputError(f"--device {text!r} is no device{hint}")
    return DeviceChoice(match[1], int(match[2]) if match[2] else None)


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


def device_name(device: torch.device) -> str | None:
    """The accelerator's model, where torch knows it."""
    import torch

    if device.type == "cpu":
        return None
    module = getattr(torch, device.type, None)
    name = getattr(module, "get_device_name", None)
    return str(name(device)) if name else device.type


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
