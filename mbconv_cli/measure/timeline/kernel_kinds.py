"""What a kernel does, judged by its name."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class KernelKind(str, Enum):
    """What a kernel does."""

    PRODUCT = "product"
    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    NORM = "norm"
    REDUCTION = "reduction"
    LAYOUT = "layout conversion"
    COPY = "copy"
    ELEMENTWISE = "element-wise"
    OTHER = "other"


# The first that matches counts. Names are those that PyTorch, cuDNN, cuBLAS and CUTLASS give their kernels, as seen in
# the recordings of an H100; cuDNN names its convolution with one channel a group `c1_k1`. Inductor's names list all ops
# that were fused, so that their second part alone gives the kind of the kernel: pointwise, a reduction (persistent, in
# splits), or a template of products or convolutions (`get_kernel_category` in torch/_inductor/wrapper_benchmark.py).
_PATTERNS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (KernelKind.ELEMENTWISE, r"^triton_(poi|for)_"),
        (KernelKind.REDUCTION, r"^triton_(red|per|spl)_"),
        (KernelKind.CONVOLUTION, r"^triton_(tem_.*)?convol"),
        (KernelKind.PRODUCT, r"^triton_(tem|mm|bmm|addmm)_"),
        (KernelKind.LAYOUT, r"nchw_?to_?nhwc|nhwc_?to_?nchw|tensor_?transform|transpose"),
        (KernelKind.NORM, r"batch_norm|bn_fw|bn_bw|layer_norm|group_norm"),
        (KernelKind.DEPTHWISE, r"depthwise|_c1_k1_"),
        (KernelKind.CONVOLUTION, r"convol|fprop|dgrad|wgrad|winograd"),
        (KernelKind.PRODUCT, r"gemm|gemv|nvjet|cutlass|dot_kernel|splitK|reduce_1Block"),
        (KernelKind.COPY, r"^mem(cpy|set)|copy_kernel|copy_device_to_device"),
        (KernelKind.REDUCTION, r"reduce_kernel|softmax|pool"),
        (KernelKind.ELEMENTWISE, r"elementwise"),
    )
)


def kind_of(kernel_name: str) -> KernelKind:
    """What the kernel of this name does; `other` where its name is of no known form."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(kernel_name)), KernelKind.OTHER)
