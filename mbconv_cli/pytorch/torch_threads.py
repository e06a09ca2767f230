"""The one place that sets torch's number of threads, and sets it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mbconv_cli.machine.threads import ThreadChoice, thread_choice


@contextmanager
def torch_threads(requested: int | None) -> Iterator[ThreadChoice]:
    """Compute on the CPU with this number of threads, or else with the default one, until the end of the context.

    Yields:
        The number of threads, and the reason for it.
    """
    before, choice = torch.get_num_threads(), thread_choice(requested)
    torch.set_num_threads(choice.count)
    try:
        yield choice
    finally:
        torch.set_num_threads(before)
