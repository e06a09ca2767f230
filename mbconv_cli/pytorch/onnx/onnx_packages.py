"""Whether `--backend onnxruntime` can run here. Looked for without torch, since it may only lead to a refusal."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import AUTO, DeviceChoice

PACKAGES: Final = ("onnx", "onnxscript", "onnxruntime")


def require_onnxruntime(device: DeviceChoice) -> None:
    """Refuse where a package is missing, or another device than the CPU is meant.

    Raises:
        InputError: names what is missing and how to install it, or says why it has to be the CPU.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f"--backend onnxruntime needs {', '.join(missing)}, not installed here: pip install 'mbconv-cli[onnx]'"
        )
    if device.type not in {AUTO, "cpu"}:
        raise InputError(
            f"--device {device.type} with --backend onnxruntime: it is measured on the CPU only, since elsewhere its "
            f"profile tells when a node was launched, not how long it ran; providers here: {', '.join(_providers())}"
        )


def _providers() -> list[str]:
    import onnxruntime

    names: list[str] = onnxruntime.get_available_providers()
    return names
