"""Networks of all kinds: the closed forms, fvcore, torch's own counter and the built module say the same.

The networks are drawn from the Spec's own schema, so that a new key or block type is tried without a word here.
The examples are the same in every run, but for `pytest --hypothesis-profile=thorough`, which draws many new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

import pytest
import torch
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.spec.json_schema import json_schema
from mbconv_cli.spec.loader import LoadedSpec, load_text
from mbconv_cli.spec.rows import DEFAULT_TYPE, ROW_TYPES
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Spec
from mbconv_cli.spec.yaml_writer import to_yaml

Made = TypeVar("Made")
SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

# What costs nothing, or depends on other files or rows.
LEFT_OUT: Final = (*DESCRIPTIVE_KEYS, "input_filters")
PARTS: Final = ("stem", "blocks", "head", "classifier")

RATIOS = st.sampled_from([0.35, 0.5, 1, 1.4, 2])
STRIDES = st.sampled_from([1, 2, 3, 7, [1, 2], [2, 1], [1, 1]])
SMALL: Final[dict[str, st.SearchStrategy[Any]]] = {
    "channels": st.integers(1, 4),
    "resolution": st.integers(1, 24) | st.lists(st.integers(1, 24), min_size=2, max_size=2),
    "eps": st.sampled_from([1e-5, 1e-3, 1]),
    "momentum": st.sampled_from([0.1, 0.01, 1]),
    "width": RATIOS,
    "depth": RATIOS,
    "stride": STRIDES,
    "num_repeat": st.integers(1, 2),
    "expand_ratio": st.sampled_from([0.3, 0.5, 1, 1.5, 2, 3, 6]),
    "se_ratio": st.sampled_from([None, 0, 0.01, 0.25, 0.3, 1]),
    "expand_groups": st.integers(1, 2),
    "project_groups": st.integers(1, 2),
    "convolutions": st.integers(1, 3),
}
UNFIT: Final = (
    "groups",
    "output_stride: ",
    "kernel sizes",
    "below one pixel",
    "the shortcut and the block give",
    "needs padding",
    "too small to be reflected",
    "output_filters is",
    "no op; every row is skipped",
)
NUMBERS: Final = (0.01, 0.25, 0.5, 0.9, 1.0, 2)
KERNEL_KEYS: Final = {"kernel_size", "depthwise_stack", "start_kernel_size", "middle_kernel_size", "unit_kernel_size"}
LARGEST: Final = 12
"""Of all other whole numbers: kernels, filters, divisors, classes."""

SCHEMA: Final = Spec.model_json_schema()
DEFINITIONS: Final[dict[str, Any]] = SCHEMA["$defs"]
VALIDATOR: Final = Draft202012Validator(json_schema())
ROWS: Final = {kind: DEFINITIONS[model.__name__] for kind, model in ROW_TYPES.items()}


def values(schema: dict[str, Any], key: str) -> st.SearchStrategy[Any]:
    """What a key may be: small values that its schema allows."""
    if key in SMALL:
        return SMALL[key]
    if "$ref" in schema:
        return mappings(DEFINITIONS[schema["$ref"].removeprefix("#/$defs/")])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return st.one_of([values(branch, key) for branch in schema[choice]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", 1), min(schema.get("maximum", LARGEST), LARGEST))
        case "number":
            return st.sampled_from([one for one in NUMBERS if schema.get("minimum", 0) <= one <= schema["maximum"]])
        case "string" if "kernel_size" in key:
            return st.sampled_from(["1x1", "3x5", "5x3"])
        case "object":
            return mappings(schema)
        case "array":
            items = values(schema["items"], "kernel_size" if key == "mixed" else key)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 3), 3))
        case _:
            pytest.fail(f"no values for {key!r}: {schema}; give them in SMALL")


def mappings(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with all the keys that it needs and some of the others."""
    keys = {
        key: values(choice, key)
        for key, choice in schema["properties"].items()
        if key not in LEFT_OUT and "const" not in choice
    }
    required = {key: keys.pop(key) for key in schema.get("required", ()) if key in keys}
    return st.fixed_dictionaries(required, optional=keys)


@cache
def keys_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """The keys of a section or of a row; made once, since there are many."""
    return mappings(DEFINITIONS[name])


@cache
def values_of(key: str) -> st.SearchStrategy[Any]:
    """What a key of the whole network may be."""
    return values(SCHEMA["properties"][key], key)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row of any type, in our spelling or as EfficientNet's code publishes it."""
    kind = draw(st.sampled_from(sorted(ROW_TYPES)))
    row = draw(keys_of(ROW_TYPES[kind].__name__))
    if {"expand_ratio", "expanded_filters"} <= ROWS[kind]["properties"].keys():
        row |= {"expand_ratio": None, "expanded_filters": None}
        one = draw(st.sampled_from(["expand_ratio", "expanded_filters"]))
        row[one] = draw(SMALL["expand_ratio"]) if one == "expand_ratio" else draw(st.integers(1, LARGEST))
    if kind == "universal_inverted_bottleneck" and not (row.get("start_kernel_size") or row.get("middle_kernel_size")):
        row.pop("stride", None)  # it needs a depthwise kernel
    if "stride" in row and draw(st.booleans()):
        row["strides"] = row.pop("stride")
    if "output_filters" not in ROWS[kind].get("required", ()):
        row.pop("output_filters", None)  # it is as the row before says
    return row if kind == DEFAULT_TYPE and draw(st.booleans()) else {"type": kind, **row}


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    """A network with any of stem, rows, head and classifier, but one of them at least."""
    properties = SCHEMA["properties"]
    parts = draw(st.sets(st.sampled_from(PARTS), min_size=1))
    data: dict[str, Any] = {"input": draw(keys_of("Input"))}
    for key in [key for key in properties if key not in (*LEFT_OUT, *data, "blocks")]:
        if key in parts or (key not in PARTS and draw(st.booleans())):
            data[key] = draw(values_of(key))
    if "blocks" in parts:
        data["blocks"] = draw(st.lists(rows(), min_size=1, max_size=3))
    assume(any(data.get(key) for key in PARTS))  # a part may also be drawn as nothing
    if (scaling := data.get("scaling") or {}).get("compound") is not None:
        kept = {key: value for key, value in scaling.items() if key not in {"width", "depth", "resolution"}}
        data["scaling"] = kept | {key: scaling.get(key) or 1.1 for key in ("alpha", "beta", "gamma")}
    if (norm := data.get("norm") or {}).get("groups") or norm.get("group_size"):
        kept = {key: value for key, value in norm.items() if key != "scale"}
        data["norm"] = kept if not kept.get("groups") else kept | {"group_size": None}
    return with_fitting_kernels(data)


def with_fitting_kernels(data: dict[str, Any]) -> dict[str, Any]:
    """Where padding is symmetric a kernel has a middle; a stack of kernels spans the one whose place it takes."""
    for place in filter(None, (data.get("stem"), data.get("head"), *data.get("blocks", ()))):
        padding = place.get("padding") or data.get("padding", "symmetric")
        for key in place.keys() & KERNEL_KEYS:
            if padding == "symmetric":
                place[key] = odd(place[key])
        if place.get("depthwise_stack"):
            place["kernel_size"] = 1 + sum(size - 1 for size in place["depthwise_stack"])
        if len(place.get("mixed_shares") or ()) != kernels(place):
            place.pop("mixed_shares", None)
    return data


def kernels(place: dict[str, Any]) -> int:
    """How many kernels share the channels."""
    match place.get("kernel_size"):
        case {"mixed": mixed}:
            return len(mixed)
        case list() as mixed:
            return len(mixed)
        case _:
            return 1


def odd(sizes: Any) -> Any:
    """Kernel sizes in any spelling, the even ones one larger."""
    match sizes:
        case int():
            return sizes | 1
        case list():
            return [odd(size) for size in sizes]
        case {"mixed": mixed}:
            return {"mixed": odd(mixed)}
        case _:
            return sizes


def fitting(of: Callable[[LoadedSpec], Made], data: dict[str, Any]) -> Made:
    """What is made of a network whose parts fit each other."""
    try:
        return of(load_text(yaml.safe_dump(data), "f.yaml"))
    except InputError as error:
        # Groups, mixed kernels and what is not padded may not fit channels and image. No other network is refused.
        assume(not any(what in str(error) for what in UNFIT))
        raise


def require_shapes(network: Network, plan: Plan) -> None:
    """Every module gives the shape that the Plan says."""
    shapes: dict[str, tuple[int, ...]] = {}
    for op in plan.ops:
        network.get_submodule(op.name).register_forward_hook(
            lambda _module, _inputs, output, name=op.name: shapes.update({name: tuple(output.shape[1:])})
        )
    network(torch.zeros(2, *plan.input_shape))
    assert shapes == {op.name: op.output.shape for op in plan.ops}


@SETTINGS
@given(networks())
def test_all_counts_agree(data: dict[str, Any]) -> None:
    plan = fitting(plan_loaded, data)
    costs = plan_costs(plan)
    exact = total(costs)
    network = build(plan, torch.device("cpu"))
    found = audit(network, plan, costs)
    assert found.agrees, found
    assert (found.macs, found.params) == (exact.macs, exact.params)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = network(torch.zeros(1, *plan.input_shape))
    assert counter.get_total_flops() == exact.flops
    assert output.shape == (1, *plan.output_shape)
    assert sum(value.numel() for value in network.state_dict().values() if value.dim()) == exact.weights
    with torch.no_grad():
        require_shapes(network, plan)


@SETTINGS
@given(networks())
def test_a_network_written_out_and_read_back_is_the_same(data: dict[str, Any]) -> None:
    spec = fitting(lambda loaded: loaded.spec, data)
    assert load_text(to_yaml(spec), "f.yaml").spec == spec


@SETTINGS
@given(networks())
def test_the_json_schema_accepts_what_the_loader_accepts(data: dict[str, Any]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []
