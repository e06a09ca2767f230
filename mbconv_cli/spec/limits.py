"""The largest sizes that a spec may say: bounds against typing errors, beyond every network there is."""

from typing import Final

MAX_SIZE: Final = 1_048_576
"""Of channels and of a stride."""
MAX_RESOLUTION: Final = 65_536
MAX_KERNEL_SIZE: Final = 255
MAX_REPEAT: Final = 1_000
"""Blocks of a row."""
