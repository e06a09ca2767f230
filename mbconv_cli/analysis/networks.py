"""Opening networks: what every question begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mbconv_cli.errors import InputError, Problem
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.scaling import compounded
from mbconv_cli.report.model import Cell
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.code_reference import CodeReference, InputShape, Origin, parse_arguments, parse_code, parse_inputs
from mbconv_cli.spec.loader import LoadedSpec, load
from mbconv_cli.spec.overrides import parse_override, reach
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Scaling, Spec

Extent: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """A network that was found valid.

    Attributes:
        yaml_spec: what its YAML file says; None of a module, which has no such file.
        plan: its ops.
        overrides: what was changed in its spec, in words.
    """

    yaml_spec: Spec | None
    plan: Plan
    overrides: tuple[str, ...] = ()

    @property
    def spec(self) -> Spec:
        """The Spec, for a question that is about what a YAML file says.

        Raises:
            InputError: it is a module, which has none.
        """
        if self.yaml_spec is None:
            raise InputError(f"{self.plan.name} is code, and this is about what a YAML file says")
        return self.yaml_spec

    @property
    def sha256(self) -> str:
        """A digest of all that is computed: of the Spec without its descriptions, or of a module's ops."""
        if self.yaml_spec is not None:
            return spec_sha256(self.yaml_spec)
        return hashlib.sha256(repr((self.plan.inputs, self.plan.ops)).encode()).hexdigest()

    def subject(self, batch_size: int = 1) -> dict[str, Cell]:
        """What a report about it says that it is about."""
        subject: dict[str, Cell] = {"name": self.plan.name, "input_shape": self.plan.batched(batch_size)}
        if self.plan.more_inputs:
            subject["more_inputs"] = "; ".join(
                f"{value.name.rpartition(':')[2]} {'x'.join(map(str, value.shape))}" for value in self.plan.more_inputs
            )
        return subject | ({"set": "; ".join(self.overrides)} if self.overrides else {})


@dataclass(frozen=True, slots=True)
class CodeOptions:
    """How code makes a module, for a command that may run code.

    Attributes:
        arguments: for the callable, each `NAME=VALUE`.
        inputs: the module's inputs, each `[NAME=]SHAPE[:DTYPE]`.
        batch_size: of the inputs that a library states.
        training: whether the module is captured in training mode.
        views: whether its views are ops, too.
    """

    arguments: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    batch_size: int = 1
    training: bool = False
    views: bool = False


def open_network(
    reference: str,
    *,
    resolution: int | Extent | None = None,
    catalogue: Catalogue | None = None,
    overrides: Sequence[str] = (),
    code: CodeOptions | None = None,
) -> OpenNetwork:
    """The network of a name, a path, `REV:path` as of a git revision, `-`, or of code.

    Args:
        reference: which network.
        catalogue: where names are looked up; the shipped ones and MBCONV_ARCH_PATH if absent.
        resolution: pixels in place of the spec's own: one number for both directions, or (height, width).
        overrides: what to change in its spec, each as `PATH=VALUE`.
        code: how to run code, where the reference names some; code is refused if absent.

    Raises:
        InputError: it cannot be found, is not valid, or cannot have this resolution; or it is code that may not be
            run, cannot be run, or makes no module that can be captured.
    """
    if code is not None and (named := parse_code(reference)):
        return _open_code(named, code, resolution, overrides)
    if code is not None and (code.arguments or code.inputs):
        raise InputError(f"--arg and --input are for code such as timm:resnet50; {reference} is a network in YAML")
    if code is not None and code.views:
        raise InputError(f"--views is for code such as timm:resnet50; {reference} is a network in YAML, without views")
    changes = tuple(parse_override(text) for text in overrides)
    loaded = load(reference, catalogue, overrides=changes)
    changed = tuple(reach(change, loaded.document) for change in changes)
    if resolution is None:
        return OpenNetwork(loaded.spec, plan_loaded(loaded), changed)
    extent = (resolution, resolution) if isinstance(resolution, int) else resolution
    spec = _at_resolution(loaded.spec, extent)
    try:
        return OpenNetwork(spec, plan_loaded(LoadedSpec(spec, loaded.document)), changed)
    except InputError as error:
        where = f"(at --resolution {extent_text(extent)})"
        raise InputError(*(Problem(f"{one.what} {where}", one.mark) for one in error.problems)) from error


def _open_code(
    named: CodeReference, options: CodeOptions, resolution: int | Extent | None, overrides: Sequence[str]
) -> OpenNetwork:
    if overrides:
        raise InputError(f"--set changes what a YAML file says, and {named.text} is code; --arg NAME=VALUE calls it")
    inputs = parse_inputs(options.inputs)
    if options.batch_size != 1 and (inputs or named.origin is not Origin.LIBRARY):
        raise InputError(f"--batch-size: --input holds the batch of {named.text} already; leave one of them out")
    if resolution is not None:
        if inputs or named.origin is not Origin.LIBRARY:
            raise InputError(f"--resolution is for images of a library's network; {named.text} takes --input")
        extent = (resolution, resolution) if isinstance(resolution, int) else resolution
        inputs = (InputShape((options.batch_size, 3, *extent)),)
    from mbconv_cli.pytorch.capture.code_plans import plan_of_code

    called = replace(
        named,
        arguments=parse_arguments(options.arguments),
        inputs=inputs,
        batch_size=options.batch_size,
        training=options.training,
        views=options.views,
    )
    return OpenNetwork(None, plan_of_code(called))


def spec_sha256(spec: Spec) -> str:
    """A digest of all that a Spec says about the network itself: not of its name, sources and expectations."""
    content = spec.model_dump_json(exclude=set(DESCRIPTIVE_KEYS))
    return hashlib.sha256(content.encode()).hexdigest()


def extent_text(extent: Sequence[int]) -> str:
    """(height, width) as `224` where they agree, else as `320x640`."""
    height, width = extent
    return str(height) if height == width else f"{height}x{width}"


def _at_resolution(spec: Spec, extent: Extent) -> Spec:
    spec = compounded(spec)
    scaling = Scaling.model_validate(spec.scaling.model_dump() | {"resolution": extent})
    return spec.model_copy(update={"scaling": scaling})
