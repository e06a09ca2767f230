"""The strings of the installed timm, taken out of its own code: blocks with the parameters that timm gives them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
import torch

from mbconv_cli.cost.counts import cost_of
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load_text
from tests.without_values import without_values

CONVENTION_OF: Final[Mapping[str, str]] = {
    "efficientnet_lite": "efficientnet-lite",
    "efficientnetv2_base": "efficientnet-v2-base",
    "efficientnetv2": "efficientnet-v2",
    "efficientnet_edge": "efficientnet-edgetpu",
    "efficientnet": "efficientnet",
    "tinynet": "tinynet",
    "mobilenet_edgetpu": "mobilenet-v1",
    "mobilenet_v1": "mobilenet-v1",
    "mobilenet_v2": "mobilenet-v2",
    "mobilenet_v3_rw": "mobilenet-v3-rw",
    "mobilenet_v3": "mobilenet-v3",
    "mobilenet_v4": "mobilenet-v4",
    "hardcorenas": "hardcore-nas",
    "fbnetv3": "fbnet-v3",
    "fbnetc": "fbnet",
    "lcnet": "lcnet",
    "mnasnet": "mnasnet",
    "spnasnet": "mnasnet",
    "mixnet": "mixnet",
    "test_efficientnet": "efficientnet",
}
"""By the beginning of a generator's name, the longest first that fits."""
CREATORS: Final = ("_create_effnet", "_create_mnv3", "build_model_with_cfg")
SPACE_TO_DEPTH: Final = "d1"


@dataclass(frozen=True, slots=True)
class Definition:
    """A call of a generator: its strings, and what it hands to timm's builder."""

    generator: str
    variant: str
    strings: tuple[tuple[str, ...], ...]
    depth: Mapping[str, Any]
    settings: Mapping[str, Any]

    def params(self) -> int:
        """What timm's builder makes of it."""
        from timm.models._efficientnet_builder import EfficientNetBuilder, round_channels

        settings = dict(self.settings)
        round_chs = settings.get("round_chs_fn") or round_channels
        stem = settings.get("stem_size", 16 if self.is_v3 else 32)
        keys = ("pad_type", "round_chs_fn", "act_layer", "norm_layer", "se_layer")
        given = {key: settings[key] for key in keys if settings.get(key) is not None}
        given.setdefault("act_layer", torch.nn.ReLU)
        given.setdefault("norm_layer", torch.nn.BatchNorm2d)
        if "se_layer" not in given:
            from timm.models._efficientnet_blocks import SqueezeExcite

            given["se_layer"] = SqueezeExcite
        builder = EfficientNetBuilder(**given, se_from_exp=settings.get("se_from_exp", self.is_v3))
        with without_values():
            stages = builder(stem if settings.get("fix_stem") else round_chs(stem), settings["block_args"])
        return sum(parameter.numel() for stage in stages for parameter in stage.parameters())

    @property
    def is_v3(self) -> bool:
        return bool(self.settings["_creator"] != "_create_effnet")

    def text(self) -> str:
        """The definition as a file of ours, its strings as they stand."""
        width = getattr(self.settings.get("round_chs_fn"), "keywords", {})
        stem = "fixed" if self.settings.get("fix_stem") else "scaled"
        scaling = {"stem": stem, "width": float(width.get("multiplier", 1.0)), "divisor": width.get("divisor", 8)}
        scaling |= {"depth": float(self.depth.get("depth_multiplier", 1.0))}
        scaling |= {"fixed_ends": bool(self.depth.get("fix_first_last", False))}
        scaling |= {"depth_rounding": "nearest" if self.depth.get("depth_trunc") == "round" else "up"}
        if "round_limit" in width:
            scaling["round_limit"] = width["round_limit"]
        size_of_groups = self.depth.get("group_size")  # given beside the strings, for all of them
        suffix = f"_gs{size_of_groups}" if size_of_groups else ""
        stages = "".join(f"    {[self._with_experts(row) + suffix for row in stage]},\n" for stage in self.strings)
        rows = f"blocks: |\n  arch_def = [\n{stages}  ]\n"
        size = self.settings.get("stem_size", 16 if self.is_v3 else 32)
        keys = ", ".join(f"{key}: {str(value).lower()}" for key, value in scaling.items())
        return (
            f"input: {{resolution: 224}}\n{self._conventions()}expand_divisor: 8\n"
            f"scaling: {{{keys}}}\nstem: {{output_filters: {size}}}\n{rows}"
        )

    def _with_experts(self, row: str) -> str:
        """A row with as many experts as its generator multiplies them to."""
        factor = int(self.depth.get("experts_multiplier", 1))
        return re.sub(r"_cc([0-9]+)", lambda match: f"_cc{factor * int(match[1])}", row)

    def _conventions(self) -> str:
        known = sorted((name for name in CONVENTION_OF if self.generator.startswith(name)), key=len)
        word = CONVENTION_OF[known[-1]]
        if word == "mobilenet-v3-rw":
            return "conventions: mobilenet-v3\nse: {divisor: 1, rounding: nearest}\n"
        return f"conventions: {word}\n"


def definitions() -> list[Definition]:
    """Every distinct definition among the entry points of timm's three files, each generator called as they call it."""
    timm = pytest.importorskip("timm", reason="timm is not installed")
    found: dict[tuple[Any, ...], Definition] = {}
    for name in ("efficientnet", "mobilenetv3", "hardcorenas"):
        module = __import__(f"timm.models.{name}", fromlist=["_"])
        for variant in timm.list_models(module=name, exclude_filters=["*cond*"]) + timm.list_models(
            "*cond*", module=name
        ):
            for one in _of(module, variant):
                if not isinstance(
                    one.depth.get("depth_multiplier"), tuple
                ):  # a factor for each stage, in no family's rule
                    found.setdefault((one.strings, str(one.depth), _width_of(one)), one)
    return list(found.values())


def _width_of(one: Definition) -> str:
    return str(getattr(one.settings.get("round_chs_fn"), "keywords", {})) + str(one.settings.get("fix_stem"))


class CreatedError(Exception):
    """A generator has come as far as it needs to."""


def _of(module: Any, variant: str) -> Iterator[Definition]:
    """What an entry point hands to its creator; nothing is built."""
    with pytest.MonkeyPatch.context() as patch:
        calls: dict[str, Any] = {}
        decode = module.decode_arch_def

        def decoded(strings: list[list[str]], *args: Any, **rules: Any) -> Any:
            names = ("depth_multiplier", "depth_trunc", "experts_multiplier", "fix_first_last", "group_size")
            calls["strings"] = tuple(tuple(stage) for stage in strings)
            calls["depth"] = dict(zip(names, args, strict=False)) | rules
            return decode(strings, *args, **rules)

        def created(creator: str) -> Any:
            def create(*_: Any, **settings: Any) -> Any:
                caller = sys._getframe(1).f_code.co_name
                calls["settings"] = settings | {"_creator": creator}
                calls["generator"] = caller.removeprefix("_gen_")
                raise CreatedError

            return create

        patch.setattr(module, "decode_arch_def", decoded)
        for creator in CREATORS:
            if hasattr(module, creator):
                patch.setattr(module, creator, created(creator))
        with pytest.raises(CreatedError):
            getattr(module, variant)()
        if "strings" in calls:
            yield Definition(calls["generator"], variant, calls["strings"], calls["depth"], calls["settings"])


def reason_of(definition: Definition) -> str | None:
    """The words of the message, where its tokens cannot be expressed."""
    tokens = [
        token for stage in definition.strings for row in stage for token in (row.split("_")[0], *row.split("_")[1:])
    ]
    for token in tokens:
        if token == SPACE_TO_DEPTH:
            return "space to depth"
    return None


def test_the_blocks_have_the_parameters_that_timm_gives_them() -> None:
    """One test for all, since the definitions are found while it runs; a failure names each one that differs."""
    exact: list[str] = []
    refused: list[str] = []
    wrong: list[str] = []
    for definition in definitions():
        if definition.variant.endswith("_evos"):
            continue  # another norm, with another number of parameters
        reason = reason_of(definition)
        try:
            plan = plan_loaded(load_text(definition.text(), "pasted.yaml"))
        except InputError as error:
            (refused if reason and reason in str(error) else wrong).append(f"{definition.variant}: {error}")
            continue
        ours = sum(cost_of(op).params for op in plan.ops if op.stage.startswith("stages."))
        theirs = definition.params()
        (exact if ours == theirs else wrong).append(f"{definition.variant}: {ours:,} for {theirs:,}")
    assert wrong == []
    assert len(exact) > 60
    assert refused
