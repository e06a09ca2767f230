"""The two networks of a diff, both described to the same depth: a stored profile knows less of an op than a Plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.analysis.diff.diff_parts import Cut, Part, network_parts, stored_parts
from mbconv_cli.analysis.diff.layers import Layer, plan_layers, stored_layers
from mbconv_cli.analysis.diff.references import Opened
from mbconv_cli.analysis.diff.stored_profiles import StoredProfile
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.same_plans import same_computation, same_ops
from mbconv_cli.spec.spec import Spec


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two networks.

    Attributes:
        name: the network's.
        input_shape: `[N, C, H, W]`.
        layers: its ops.
        peak_bytes: of activations alive at once where they are the most, in float32; None where that is not stored.
        spec_sha256: the digest of its spec, if known.
        network: None where there is a stored profile alone.
        spec: what blocks and options are described by; None unless both networks are written in YAML.
        profile: None where there is a network.
    """

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    peak_bytes: int | None
    spec_sha256: str | None
    network: OpenNetwork | None = None
    spec: Spec | None = None
    profile: StoredProfile | None = None

    def parts(self, cut: Cut) -> list[Part]:
        """Its blocks or stages."""
        return (
            network_parts(self.network.plan, self.spec, self.layers, cut)
            if self.network
            else stored_parts(self.layers, cut)
        )


def sides_of(base: Opened, head: Opened, batch_size: int | None) -> tuple[Side, Side]:
    """Both networks, for batches of one size: as wanted, or as in the stored profiles, or one image.

    Raises:
        InputError: a stored profile is of another batch.
    """
    images = _common_batch_size((base, head), batch_size)
    written = not any(isinstance(opened, OpenNetwork) and opened.yaml_spec is None for opened in (base, head))
    sides = _side(base, images, written=written), _side(head, images, written=written)
    return sides if all(side.network for side in sides) else (_as_stored(sides[0]), _as_stored(sides[1]))


def identical(base: Side, head: Side) -> bool:
    """Whether both compute the same under the same names; what the networks are called does not count.

    The rows of a stored profile do not prove it: the digests of the specs must agree too.
    """
    if base.network and head.network:
        plans = base.network.plan, head.network.plan
        if not any(plan.code for plan in plans):
            return same_computation(*plans)
        return same_ops(*plans) or same_in_groups(*plans)  # names are those of another library's modules
    first, second = ([(layer.name, layer.content) for layer in side.layers] for side in (base, head))
    return first == second and base.spec_sha256 == head.spec_sha256 is not None


def same_in_groups(one: Plan, other: Plan) -> bool:
    """Whether two networks compute the same, where one has a convolution for each group in place of one in groups."""
    return not same_ops(one, other) and same_ops(joined_groups(one), joined_groups(other))


def _side(opened: Opened, batch_size: int, *, written: bool) -> Side:
    match opened:
        case OpenNetwork(plan=plan):
            return Side(
                name=plan.name,
                input_shape=plan.batched(batch_size),
                layers=plan_layers(plan, plan.images(batch_size), roles=written),
                peak_bytes=plan.images(batch_size) * FLOAT32_BYTES * peak(plan).activations,
                spec_sha256=opened.sha256,
                network=opened,
                spec=opened.yaml_spec if written else None,
            )
        case StoredProfile(report, rows):
            return Side(
                name=opened.name,
                input_shape=opened.input_shape,
                layers=stored_layers(rows),
                peak_bytes=opened.peak_bytes,
                spec_sha256=report.provenance.spec_sha256,
                profile=opened,
            )


def _as_stored(side: Side) -> Side:
    """A side as its profile's rows would tell of it."""
    return replace(side, layers=stored_layers(layer.row for layer in side.layers), network=None)


def _common_batch_size(both: Iterable[Opened], wanted: int | None) -> int:
    stored = {opened.input_shape[0] for opened in both if isinstance(opened, StoredProfile)}
    sizes = stored | ({wanted} if wanted is not None else set())
    if len(sizes) > 1:
        raise InputError(
            f"batches of {' and '.join(map(str, sorted(sizes)))} images cannot be compared; "
            "a stored profile keeps its --batch-size"
        )
    return sizes.pop() if sizes else 1
