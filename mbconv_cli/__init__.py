"""What every layer of a network costs: parameters, MACs, bytes, milliseconds.

`load`, `build`, `capture`, `profile` and `diff` are imported when they are first asked for; torch when they need it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mbconv_cli.api import Report, build, capture, diff, load, profile

__all__ = ["Report", "__version__", "build", "capture", "diff", "load", "profile"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("mbconv_cli.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
