"""PyTorch's fast path of transformer layers: one fused kernel for a whole layer, taken in inference alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

FUSED: Final = frozenset({"aten::_transformer_encoder_layer_fwd", "aten::_native_multi_head_attention"})
"""Kernels that stand for a whole layer: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html"""


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Every transformer layer computes its ops one by one, as in training, so that each has its own row and count."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def takes_fast_path(call: Callable[[], object]) -> bool:
    """Whether a pass runs a fused kernel for a whole transformer layer."""
    watch = _Watch()
    with watch:
        call()
    return watch.fused


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Sees every kernel that is called."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.fused: bool = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.fused = self.fused or func._schema.name in FUSED  # noqa: SLF001 - an operator's name has no other door
        return func(*args, **(kwargs or {}))
