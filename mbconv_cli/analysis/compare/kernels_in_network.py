"""What happens to a whole network when every large kernel in it becomes a stack of small ones, or back?"""

from __future__ import annotations

from mbconv_cli.analysis.compare.variants import Variant, compare_variants
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.cost.kernel_formulas import receptive_field
from mbconv_cli.errors import InputError
from mbconv_cli.report.model import Report
from mbconv_cli.spec.spec_rewrites import with_stack, without_stack


def kernels_in_network(
    network: OpenNetwork,
    kernel: int,
    stack: tuple[int, ...],
    *,
    batch_size: int = 1,
    measure: MeasureRequest | None = None,
) -> Report:
    """The network as it is, with stacks for its depthwise kernels, and with kernels for its stacks.

    Args:
        network: what is changed.
        kernel: the extent of the depthwise kernels that become stacks.
        stack: the extents of the depthwise convolutions in their place.
        batch_size: images in a batch.
        measure: where to measure; nothing is measured if absent.

    Raises:
        InputError: the stack does not span the kernel, or the network has neither; or the device is not there.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    one, several = f"{kernel}x{kernel}", " + ".join(f"{size}x{size}" for size in stack)
    span = receptive_field(stack, stride=1)
    if span != kernel or len(stack) == 1:
        raise InputError(f"in a network a stack takes a kernel's place: {several} spans {span} pixels, {one} {kernel}")
    changed = {
        f"{one} to {several}": with_stack(network.spec, kernel, stack),
        f"{several} to {one}": without_stack(network.spec, stack),
    }
    variants = [Variant(name, spec) for name, spec in changed.items() if spec != network.spec]
    if not variants:
        raise InputError(f"{network.plan.name} has no depthwise {one} kernel, and no stack {several} in place of one")
    note = (
        f"every depthwise {one}: {several} instead, each with norm and activation, the first with the stride; "
        "mixed kernels stay as they are"
    )
    return compare_variants(
        "kernels-in-network", network, variants, batch_size=batch_size, measure=measure, notes=[note]
    )
