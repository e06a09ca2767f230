"""Which parts of a network cost what? One row for each part that is taken away or exchanged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from mbconv_cli.analysis.compare.variants import Variant, compare_variants, plan_of
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.plan.same_plans import same_computation
from mbconv_cli.report.model import Report
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.spec_rewrites import (
    of_one_block,
    with_activation,
    with_expand_ratio,
    with_kernel,
    without_squeeze_excite,
)

Change: TypeAlias = Callable[[Spec], Spec]

CHANGES: Final[dict[str, Change]] = {
    "no SE": without_squeeze_excite,
    "ReLU for swish": partial(with_activation, old=("swish", "hard_swish"), new="relu"),
    "5x5 to 3x3": partial(with_kernel, old=5, new=3),
    "3x3 to 5x5": partial(with_kernel, old=3, new=5),
    "expand ratio 6 to 3": partial(with_expand_ratio, old=6, new=3),
    "expand ratio 6 to 4": partial(with_expand_ratio, old=6, new=4),
    "MBConv3, k3x3 only": partial(of_one_block, expand_ratio=3, kernel_size=3),
    "MBConv3, k5x5 only": partial(of_one_block, expand_ratio=3, kernel_size=5),
    "MBConv6, k3x3 only": partial(of_one_block, expand_ratio=6, kernel_size=3),
    "MBConv6, k5x5 only": partial(of_one_block, expand_ratio=6, kernel_size=5),
}
"""What is changed: everywhere in the network, one thing at a time."""

_ONE_BLOCK: Final = (
    "MBConv..., only: this one block without SE in every row, widths, repeats and strides as they are "
    "(Tan et al., arXiv:1807.11626, on layer diversity)"
)


def ablate(network: OpenNetwork, *, batch_size: int = 1, measure: MeasureRequest | None = None) -> Report:
    """The network as it is, and with each of the changes that change anything in it.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    candidates = [Variant(name, change(network.spec)) for name, change in CHANGES.items()]
    without_effect = [one.name for one in candidates if same_computation(plan_of(one), network.plan)]
    variants = [one for one in candidates if one.name not in without_effect]
    notes = [_ONE_BLOCK]
    if without_effect:
        notes.append(f"without effect on this network, and left out: {'; '.join(without_effect)}")
    return compare_variants("ablation", network, variants, batch_size=batch_size, measure=measure, notes=notes)
