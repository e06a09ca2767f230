"""Whether two ways to compute the same network give the same outputs."""

from __future__ import annotations

from torch import Tensor

from mbconv_cli.errors import CheckFailedError
from mbconv_cli.pytorch.peers.peer_forward import relative_difference


def require_equal(what: str, output: Tensor, expected: Tensor, tolerance: float) -> str:
    """Compare the outputs of two forms of a network.

    Args:
        what: the form in question, as its note begins.
        output: of that form.
        expected: of the form that it was made from.
        tolerance: how far they may be apart, as a share of the largest output.

    Returns:
        How far they are apart, in words.

    Raises:
        CheckFailedError: they are further apart, or are no numbers.
    """
    difference = relative_difference(output.float(), expected.float())
    if not difference <= tolerance:
        raise CheckFailedError(
            f"{what}: outputs differ by {difference:.1e} of the largest; up to {tolerance:g} counts as equal"
        )
    return f"outputs differ by {difference:.1e} of the largest, up to {tolerance:g} counts as equal"
