"""`mbconv-check.yaml`: which networks are checked, and what each of their metrics may come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, Strict, ValidationError

from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.errors import InputError, Problem
from mbconv_cli.quantities import Bytes, Count, Milliseconds, Share, parse_share
from mbconv_cli.report.report_schema import DIALECT
from mbconv_cli.report.verdict import Level
from mbconv_cli.spec.catalogue import read
from mbconv_cli.spec.validation_messages import findings
from mbconv_cli.spec.values import Frozen, Text
from mbconv_cli.yaml.yaml_text import Document, Path, read_yaml

DEFAULT_CONFIG: Final = "mbconv-check.yaml"
DEFAULT_MARGIN: Final = "3%"
DEFAULT_PROCESSES: Final = 10
MIN_PROCESSES: Final = 3
MAX_PROCESSES: Final = 1_000

Policy: TypeAlias = Literal["allow", "warn", "fail"]
"""What becomes of a network that only one side has."""

_LevelName: TypeAlias = Annotated[Level, Strict(False)]


class Rule(Frozen):
    """What a metric may come to."""

    max_increase: Share | None = Field(None, description="above the base, e.g. 2%, or 0 for not one more")
    level: _LevelName = Field(
        Level.ERROR, description="error: a failure fails the run; warn: it is only a warning; off: nothing is checked"
    )


class CountRule(Rule):
    """Of what is counted."""

    max: Count | None = Field(None, description="a budget, e.g. 5.3M")


class BytesRule(Rule):
    """Of bytes."""

    max: Bytes | None = Field(None, description="a budget, e.g. 20 MiB")


class LatencyRule(Rule):
    """Of time."""

    max: Milliseconds | None = Field(None, description="a budget, e.g. 25 ms")


AnyRule: TypeAlias = CountRule | BytesRule | LatencyRule


class Metrics(Frozen):
    """The rule of each metric that is checked."""

    params: CountRule | None = Field(None, description="trainable parameters")
    macs: CountRule | None = Field(None, description="multiply-accumulates of one image")
    flops: CountRule | None = Field(None, description="floating-point operations of one image")
    bytes: BytesRule | None = Field(None, description="inputs, weights and outputs of all ops, each once, in float32")
    peak_bytes: BytesRule | None = Field(None, description="activations of one image at their peak, in float32")
    latency_ms: LatencyRule | None = Field(
        None, description="of a batch, measured; on an accelerator what the device itself needs"
    )
    launched_ms: LatencyRule | None = Field(
        None,
        description="of a batch on an accelerator, launched op by op from Python, measured; on the CPU: latency_ms",
    )


class MetricsOverride(Frozen):
    """Rules of some networks, laid over the defaults key by key; a later one goes over an earlier one."""

    match: Text = Field(description="pattern of names or paths, e.g. mobilenet-* or nets/small/*")
    metrics: Metrics

    def matches(self, *names: str) -> bool:
        """Whether a network that has these names is meant."""
        return any(fnmatchcase(name, self.match) for name in names)


class LatencySettings(Frozen):
    """How latency is measured."""

    margin: Share = Field(
        default_factory=lambda: parse_share(DEFAULT_MARGIN),
        description="a network passes once its slowdown is known to be below max_increase plus this",
        json_schema_extra={"default": DEFAULT_MARGIN},
    )
    processes: Annotated[int, Field(ge=MIN_PROCESSES, le=MAX_PROCESSES)] = Field(
        DEFAULT_PROCESSES, description="fresh processes to measure in"
    )
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = Field(1, description="images in a batch")
    threads: Annotated[int, Field(ge=1, le=1_024)] | None = Field(
        None, description="on the CPU; if absent, the physical cores but one, 8 at the most"
    )
    device: Text = Field("auto", description="auto, cpu, cuda, cuda:N, mps or xpu")


class CheckConfig(Frozen):
    """What `mbconv check` checks."""

    networks: Annotated[tuple[Text, ...], Strict(False)] = Field(
        min_length=1,
        max_length=1_000,
        description="names, patterns of names, paths, and patterns of paths; paths start from this file's folder",
    )
    metrics: Metrics = Field(default_factory=Metrics)
    overrides: Annotated[tuple[MetricsOverride, ...], Strict(False)] = Field((), max_length=1_000)
    added: Policy | None = Field(
        None, description="a network that the base does not have: allow (the default), warn or fail; budgets hold"
    )
    removed: Policy | None = Field(
        None,
        description="a network that only the base has: fail (the default), warn or allow; "
        "one whose entry is gone from the config, too, passes",
    )
    missing: Literal["fail", "allow"] = Field(
        "fail",
        description="what the base can have no figure of: a file outside of the repository, a latency that was not "
        "stored; where it is given, `added` and `removed` are the same unless they are given, too",
    )
    accept: Annotated[tuple[Acceptance, ...], Strict(False)] = Field(
        (), max_length=1_000, description="increases and removals that are wanted; each ends once the base has it"
    )
    rules: Literal["open", "frozen"] = Field(
        "open", description="frozen: a rule that is looser than in the base's config fails, as does this key's removal"
    )
    inputs: dict[str, Annotated[tuple[Text, ...], Strict(False)]] = Field(
        {}, description="of networks that are code, by their entry: shapes with the batch, as [1x3x224x224]"
    )
    baseline: Text | None = Field(None, description="a file of `mbconv baseline write`, from this file's folder")
    latency: LatencySettings = Field(default_factory=LatencySettings)

    @property
    def times(self) -> bool:
        """Whether it has a rule for what is measured, for any network."""
        return self.times_launches or any(layer.latency_ms for layer in self.layers)

    @property
    def times_launches(self) -> bool:
        """Whether it has a rule for passes launched from Python, for any network."""
        return any(layer.launched_ms for layer in self.layers)

    @property
    def layers(self) -> tuple[Metrics, ...]:
        """The rules of all networks, and those of every override."""
        return self.metrics, *(override.metrics for override in self.overrides)

    @property
    def added_policy(self) -> Policy:
        """What becomes of a network that the base does not have."""
        return self.added or (self.missing if "missing" in self.model_fields_set else "allow")

    @property
    def removed_policy(self) -> Policy:
        """What becomes of a network that only the base has."""
        return self.removed or self.missing

    def rules_of(self, *names: str) -> dict[str, AnyRule]:
        """The rule of each metric of a network that has these names; a metric without a rule is left out."""
        layers = [self.metrics, *(override.metrics for override in self.overrides if override.matches(*names))]
        rules: dict[str, AnyRule] = {}
        for key, rule in (found for layer in layers for found in _given(layer)):
            said = {field: getattr(rule, field) for field in rule.model_fields_set}
            rules[key] = rules[key].model_copy(update=said) if key in rules else rule
        return rules


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config, the text it came from, and whether networks that are code may be run."""

    config: CheckConfig
    document: Document
    path: FilePath
    allow_code: bool = False

    @property
    def folder(self) -> FilePath:
        """What its relative paths start from."""
        return self.path.parent

    def stated(self, path: Path, *names: str) -> Path | None:
        """The path of the last layer of rules, defaults or override, that states this of a network of these names.

        Args:
            path: below `metrics`, e.g. `("params", "max")`.
            names: all that overrides may call the network.
        """
        layers: list[Path] = [("metrics",)]
        for index, override in enumerate(self.config.overrides):
            layers += [("overrides", index, "metrics")] if override.matches(*names) else []
        stated = [(*layer, *path) for layer in layers if (*layer, *path) in self.document.value_marks]
        return stated[-1] if stated else None


def load_config(path: FilePath) -> LoadedConfig:
    """The config in a file.

    Raises:
        InputError: it cannot be read, or all mistakes, each as `file:line:column: what, and what would be valid`.
    """
    return load_config_text(read(path), path)


def load_config_text(text: str, path: FilePath) -> LoadedConfig:
    """The config that a text is.

    Raises:
        InputError: all mistakes in it.
    """
    document = read_yaml(text, str(path), noun="config", needs="a config needs at least `networks`")
    if not isinstance(document.data, dict):
        what = "a config is a mapping of keys (networks, metrics, ...) to values"
        raise InputError(Problem(what, document.mark(())))
    try:
        return LoadedConfig(CheckConfig.model_validate(document.data), document, path)
    except ValidationError as error:
        found = sorted(findings(error.errors(include_url=False), document, CheckConfig))
        raise InputError(*(Problem(what, mark) for mark, what in found)) from error


def config_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file, for editors."""
    schema = CheckConfig.model_json_schema(mode="validation")
    return {"$schema": DIALECT, "title": "mbconv check", **{k: v for k, v in schema.items() if k != "title"}}


def _given(metrics: Metrics) -> Iterator[tuple[str, AnyRule]]:
    for key in Metrics.model_fields:
        rule: AnyRule | None = getattr(metrics, key)
        if rule is not None:
            yield key, rule
