"""Which device a user means, as written on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mbconv_cli.errors import InputError, did_you_mean

AUTO: Final = "auto"
DEVICE_TYPES: Final = ("cpu", "cuda", "mps", "xpu")


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device that a user requested: its type, and which one of them."""

    type: str
    index: int | None = None


def parse_device(text: str) -> DeviceChoice:
    """`auto`, `cpu`, `cuda`, `cuda:1`, `mps`, `xpu`, ... as a choice, without looking whether it is there.

    Raises:
        InputError: the text does not name a device.
    """
    match = re.fullmatch(r"([a-z]+)(?::([0-9]{1,4}))?", text)
    known = (AUTO, *DEVICE_TYPES)
    if not match or match[1] not in known or (match[1] == AUTO and match[2]):
        hint = did_you_mean(text, known) or f"; valid are {', '.join(known)}, with :N for the N-th of a kind"
        raise InputError(f"--device {text!r} is not a device{hint}")
    return DeviceChoice(match[1], int(match[2]) if match[2] else None)
