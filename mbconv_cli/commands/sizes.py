"""Values as users write them on the command line: `8`, `4,8,16`, `1..64`, `5x5`, `3x3,3x3`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.spec.limits import MAX_KERNEL_SIZE, MAX_RESOLUTION, MAX_SIZE

MOST_SIZES: Final = 1_000


def parse_sizes(text: str, option: str) -> tuple[int, ...]:
    """`8`, `4,8,16` or `1..64`, or several of them, as increasing numbers of channels.

    Raises:
        InputError: it is none of that, or a number is no size.
    """
    sizes: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,30})\s*(?:\.\.\s*([0-9]{1,30})\s*)?", part)
        if not match:
            raise InputError(f"{option} {text!r}: should be a number, a list or a range, e.g. 8, 4,8,16 or 1..64")
        first, last = int(match[1]), int(match[2] or match[1])
        for size in (first, last):
            if not 1 <= size <= MAX_SIZE:
                nearest = min(max(size, 1), MAX_SIZE)
                raise InputError(f"{option} {text!r}: {size} is not from 1 to {MAX_SIZE:,}; nearest is {nearest}")
        if last < first:
            raise InputError(f"{option} {text!r}: a range goes upwards; nearest is {last}..{first}")
        if last - first >= MOST_SIZES:
            raise InputError(f"{option} {text!r}: more than {MOST_SIZES:,} numbers")
        sizes.update(range(first, last + 1))
    return tuple(sorted(sizes))


def parse_kernel(text: str, option: str) -> int:
    """`5` or `5x5` as 5.

    Raises:
        InputError: it is no square kernel with a middle.
    """
    match = re.fullmatch(r"\s*([0-9]{1,4})(?:x([0-9]{1,4}))?\s*", text)
    if not match or (match[2] and match[2] != match[1]):
        raise InputError(f"{option}: {text!r} is no square kernel; one is written 5 or 5x5")
    size = int(match[1])
    if not 1 <= size <= MAX_KERNEL_SIZE:
        raise InputError(f"{option}: a kernel has 1 to {MAX_KERNEL_SIZE} pixels, not {size}")
    if size % 2 == 0:
        raise InputError(f"{option}: {size}x{size} is even, so it has no middle; nearest are {size - 1} and {size + 1}")
    return size


def parse_stack(text: str, option: str) -> tuple[int, ...]:
    """`3x3,3x3` as (3, 3).

    Raises:
        InputError: it is empty, or one of them is no kernel.
    """
    if not text.strip():
        raise InputError(f"{option}: an empty stack; one is written 3x3,3x3")
    return tuple(parse_kernel(part, option) for part in text.split(","))


def parse_extent(text: str) -> tuple[int, int]:
    """`224` or `320x640` (height x width) in pixels.

    Raises:
        InputError: it is neither, or not between 1 and the largest resolution.
    """
    match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", text)
    extent = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not all(1 <= size <= MAX_RESOLUTION for size in extent):
        raise InputError(
            f"--resolution {text!r} should be pixels from 1 to {MAX_RESOLUTION}, as 224 or, height x width, 320x640"
        )
    return extent


def parse_output(text: str) -> Path | None:
    """A path to write to; None, which is standard output, for `-`.

    Raises:
        InputError: it is empty.
    """
    if not text:
        raise InputError("-o '' names no file; - is standard output")
    return None if text == "-" else Path(text)
