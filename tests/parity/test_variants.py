"""Width, depth and output stride as the libraries that have them build them: the same parameters and MACs, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pytest
import torch
from torch import nn

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit_plan
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.weights import copy_weights
from mbconv_cli.spec.loader import load
from mbconv_cli.spec.overrides import parse_override
from mbconv_cli.units import FLOPS_PER_MAC
from tests.without_values import meta_pass

MOST_DIFFERENT: Final = 1e-5
WIDTHS: Final = (0.25, 0.35, 0.5, 0.6, 0.75, 1.4, 1.75, 2.0)
WIDTHS_AT_TIMM: Final = (0.25, 0.6, 1.75, 2.0)
OUTPUT_STRIDES: Final = (32, 16, 8)


def of_torchvision(module: str, attribute: str) -> Any:
    found = pytest.importorskip(f"torchvision.models.{module}", reason="torchvision is not installed")
    return getattr(found, attribute)


def of_timm(module: str, attribute: str) -> Any:
    found = pytest.importorskip(f"timm.models.{module}", reason="timm is not installed")
    return getattr(found, attribute)


def torchvision_v3(size: str, **rules: Any) -> nn.Module:
    rows, last = of_torchvision("mobilenetv3", "_mobilenet_v3_conf")(f"mobilenet_v3_{size}", **rules)
    return of_torchvision("mobilenetv3", "MobileNetV3")(rows, last)  # type: ignore[no-any-return] # an untyped library


def torchvision_v2(width: float) -> nn.Module:
    return of_torchvision("mobilenetv2", "MobileNetV2")(width_mult=width)  # type: ignore[no-any-return] # likewise


def torchvision_b0(width: float = 1.0, depth: float = 1.0) -> nn.Module:
    rows, last = of_torchvision("efficientnet", "_efficientnet_conf")(
        "efficientnet_b0", width_mult=width, depth_mult=depth
    )
    return of_torchvision("efficientnet", "EfficientNet")(rows, 0.2, last_channel=last)  # type: ignore[no-any-return] # likewise


def torchvision_b1(width: float) -> nn.Module:
    return of_torchvision("mnasnet", "MNASNet")(width)  # type: ignore[no-any-return] # likewise


def timm(generator: str, variant: str, module: str = "efficientnet", **rules: Any) -> nn.Module:
    return of_timm(module, generator)(variant, **rules)  # type: ignore[no-any-return] # likewise


@dataclass(frozen=True, slots=True)
class Variant:
    """A shipped network with what is set in it, and the module that another library makes of the same."""

    network: str
    sets: tuple[str, ...]
    peer: Callable[[], nn.Module]

    def __str__(self) -> str:
        return " ".join((self.network, *self.sets))

    def plan(self, *more: str) -> Plan:
        return plan_loaded(load(self.network, overrides=[parse_override(text) for text in (*self.sets, *more)]))


AS_TORCHVISION: Final = ("scaling.hidden=scaled", "scaling.expansion=filters", "scaling.head=ratio")
FIXED_ENDS: Final = ("scaling.stem=fixed", "scaling.head=fixed", "scaling.fixed_ends=true")
TIMM: Final = (
    ("efficientnet-b0", "_gen_efficientnet", "efficientnet_b0"),
    ("efficientnet-lite0", "_gen_efficientnet_lite", "efficientnet_lite0"),
    ("efficientnet-es", "_gen_efficientnet_edge", "efficientnet_es"),
    ("efficientnet-v2-b0", "_gen_efficientnetv2_base", "tf_efficientnetv2_b0"),
    ("mnasnet-a1", "_gen_mnasnet_a1", "semnasnet_100"),
    ("spnasnet", "_gen_spnasnet", "spnasnet_100"),
    ("fbnet-c", "_gen_fbnetc", "fbnetc_100"),
    ("mixnet-s", "_gen_mixnet_s", "mixnet_s"),
    ("mixnet-m", "_gen_mixnet_m", "mixnet_m"),
    ("mobilenet-v1", "_gen_mobilenet_v1", "mobilenetv1_100"),
    ("mobilenet-v2", "_gen_mobilenet_v2", "mobilenetv2_100"),
)
WITH_DEPTH: Final = {
    "efficientnet-b0", "efficientnet-lite0", "efficientnet-es", "efficientnet-v2-b0", "mixnet-m", "mobilenet-v1",
    "mobilenet-v2",
}  # fmt: skip


def width(factor: float) -> str:
    return f"scaling.width={factor}"


def variants() -> list[Variant]:
    found = [Variant("mobilenet-v2", (width(w),), partial(torchvision_v2, w)) for w in WIDTHS]
    found += [Variant("mnasnet-b1", (width(w),), partial(torchvision_b1, w)) for w in (*WIDTHS, 1.3)]
    found += [Variant("efficientnet-b0", (width(w),), partial(torchvision_b0, w)) for w in WIDTHS]
    found += [Variant("efficientnet-b0", ("scaling.depth=1.2",), partial(torchvision_b0, depth=1.2))]
    for size in ("large", "small"):
        name = f"mobilenet-v3-{size}"
        found += [
            Variant(name, (width(w), *AS_TORCHVISION), partial(torchvision_v3, size, width_mult=w)) for w in WIDTHS
        ]
        found += [
            Variant(
                name,
                (width(w), "scaling.hidden=fixed", *(["scaling.stem=fixed"] if w < 0.75 else [])),
                partial(timm, "_gen_mobilenet_v3", f"mobilenetv3_{size}_100", "mobilenetv3", channel_multiplier=w),
            )
            for w in (*WIDTHS_AT_TIMM, 0.75)
        ]
        dilated = ("output_stride=16", "dilation_start=strided_block")
        found.append(Variant(name, dilated, partial(torchvision_v3, size, dilated=True)))
    tail = ("blocks[12:].output_filters=80", "blocks[13:].expanded_filters=480", "head.output_filters=480")
    reduced = (*tail, "classifier.hidden_filters=640")
    found.append(Variant("mobilenet-v3-large", reduced, partial(torchvision_v3, "large", reduced_tail=True)))
    for name, generator, variant in TIMM:
        build_it = partial(timm, generator, variant)
        found += [Variant(name, (width(w),), partial(build_it, channel_multiplier=w)) for w in WIDTHS_AT_TIMM]
        if name in WITH_DEPTH:
            found.append(Variant(name, ("scaling.depth=1.2",), partial(build_it, depth_multiplier=1.2)))
        found += [Variant(name, (f"output_stride={s}",), partial(build_it, output_stride=s)) for s in OUTPUT_STRIDES]
    ends = partial(timm, "_gen_mobilenet_v2", "mobilenetv2_110d", fix_stem_head=True)
    for w, d in ((1.1, 1.2), (1.2, 1.4)):
        sets = (width(w), f"scaling.depth={d}", *FIXED_ENDS)
        found.append(Variant("mobilenet-v2", sets, partial(ends, channel_multiplier=w, depth_multiplier=d)))
    return found


@pytest.mark.parametrize("variant", variants(), ids=str)
def test_a_variant_costs_what_the_library_makes_of_it(variant: Variant) -> None:
    plan = variant.plan()
    costs, theirs = total(plan_costs(plan)), meta_pass(variant.peer, plan.input_shape)
    assert (costs.params, FLOPS_PER_MAC * costs.macs) == (theirs.params, theirs.flops)
    assert plan.output_shape == theirs.output_shape


TENSORFLOWS: Final[dict[str, Any]] = {"output_stride": 16, "pad_type": "same", "bn_eps": 1e-3}
"""What timm's entry point sets for weights from TensorFlow."""
SMALL: Final = "scaling.resolution=96"
COMPUTED: Final = (
    Variant("mobilenet-v2", ("output_stride=8", SMALL), partial(timm, *TIMM[-1][1:], output_stride=8)),
    Variant("efficientnet-b0", ("output_stride=16", SMALL), partial(timm, *TIMM[0][1:], output_stride=16)),
    Variant("efficientnet-v2-b0", ("output_stride=16", SMALL), partial(timm, *TIMM[3][1:], **TENSORFLOWS)),
    Variant(
        "mobilenet-v3-small",
        ("output_stride=16", "dilation_start=strided_block", SMALL),
        partial(torchvision_v3, "small", dilated=True),
    ),
    Variant(
        "mobilenet-v3-small", (width(0.6), *AS_TORCHVISION, SMALL), partial(torchvision_v3, "small", width_mult=0.6)
    ),
)


@pytest.mark.parametrize("variant", COMPUTED, ids=str)
def test_a_variant_computes_what_the_librarys_module_computes(variant: Variant) -> None:
    plan = variant.plan()
    assert audit_plan(plan, plan_costs(plan)).agrees
    torch.manual_seed(0)
    theirs, ours = variant.peer().eval(), build(plan, torch.device("cpu"))
    image = torch.randn(1, *plan.input_shape)
    copy_weights(theirs, ours, image)
    with torch.inference_mode():
        expected, found = theirs(image), ours(image)
    assert found.shape == expected.shape
    assert float((found - expected).abs().max() / expected.abs().max()) < MOST_DIFFERENT
