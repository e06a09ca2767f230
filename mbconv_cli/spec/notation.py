"""A row written as one string -> the row as keys: EfficientNet's notation and timm's.

EfficientNet (tensorflow/tpu, models/official/efficientnet/efficientnet_builder.py):
`r1_k3_s11_e1_i32_o16_se0.25_noskip`, with the stride of each direction after `s`. Its successors add to it: one digit
for both directions and `c1` for a fused block (google/automl, efficientnetv2), `f1` for a fused block that projects
always (efficientnet_model.py), `c1` beside two digits for EdgeTPU's block (efficientnet/edgetpu), and `k3.5.7`, `a1.1`,
`p1.1` and `sw` of MixNet (models/official/mnasnet/mixnet).
timm (timm/models/_efficientnet_builder.py): `ir_r2_k3_s2_e6_c24_se0.25_nre_noskip`, the block type in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.errors import did_you_mean
from mbconv_cli.spec.values import MIXED
from mbconv_cli.yaml.core_schema import MAX_DIGITS
from mbconv_cli.yaml.quotes import shorten

_TOKEN: Final = re.compile(r"([a-z]+?)([0-9][0-9.]*)?")
_TWO_STRIDES: Final = re.compile(r"s[0-9]{2}")
_ACTIVATIONS: Final[Mapping[str, str]] = {
    "nre": "relu",
    "nr6": "relu6",
    "nhs": "hard_swish",
    "nsw": "swish",
    "nmi": "mish",
}
_NOT_EXPRESSIBLE: Final[Mapping[str, str]] = {
    "d": "space to depth",
    "gs": "a group size",
}
_ADVICE: Final[Mapping[str, str]] = {
    "d": "; put a row of its own before this one: type: conv, kernel_size: 2, stride: 2, and four times the channels",
}
_NO_BLOCK_TYPES: Final[Mapping[str, str]] = {"mha": "attention whose heads have keys of their own"}


class StringRow(dict[str, Any]):
    """A row that was written as one string."""


class NotationError(ValueError):
    """A string that is no row."""


@dataclass(frozen=True, slots=True)
class Notation:
    """One way to write a row.

    Attributes:
        base: the keys that this kind of row always has.
        tokens: for each token's letters, what its number says.
        flags: for each token without a number, the keys it stands for.
        required: tokens without which it is no row.
    """

    base: Mapping[str, Any]
    tokens: Mapping[str, Callable[[str], Mapping[str, Any]]]
    flags: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]


def row_of(text: str) -> dict[str, Any]:
    """The row that a string stands for, as keys and values.

    Raises:
        NotationError: it is no row, or contains what the schema cannot express.
    """
    first, *rest = text.split("_")
    if first in TIMM:
        notation, tokens = TIMM[first], rest
    elif re.fullmatch(r"r[0-9]+", first):
        notation, tokens = EFFICIENTNET, [first, *rest]
    elif first in _NO_BLOCK_TYPES:
        raise NotationError(f"row {shorten(repr(text))}: {first}: {_NO_BLOCK_TYPES[first]} cannot be expressed here")
    else:
        hint = did_you_mean(first, TIMM) or f"; block types are {', '.join(TIMM)}"
        raise NotationError(f"row {shorten(repr(text))} does not begin with a block type or with r1, r2, ...{hint}")
    said: dict[str, Any] = {}
    seen: set[str] = set()
    for token in tokens:
        letters, keys = _meaning(token, notation, text)
        if letters in seen:
            raise NotationError(f"row {shorten(repr(text))} says {shorten(repr(letters))} twice")
        if said.keys() & keys:
            raise NotationError(f"row {shorten(repr(text))}: {token!r} contradicts what is before it")
        seen.add(letters)
        said |= keys
    missing = [letters for letters in notation.required if letters not in seen]
    if missing:
        raise NotationError(f"row {shorten(repr(text))} lacks {', '.join(missing)}")
    if notation is EFFICIENTNET and "c1" in tokens and any(_TWO_STRIDES.fullmatch(token) for token in tokens):
        said = _of_edgetpu(said)
    return {**notation.base, **said}


def _of_edgetpu(said: Mapping[str, Any]) -> dict[str, Any]:
    """EdgeTPU's block without depthwise convolution: the 1x1 has the stride, and `i` is what the expansion counts from.

    `MBConvBlockWithoutDepthwise` in tensorflow/tpu, models/official/efficientnet/efficientnet_model.py. Its first row
    counts from 24 channels where the stem gives 32.
    """
    row = {**said, "stride_at": "project", "unit_kernel_size": 1}
    if row["num_repeat"] == 1 and "input_filters" in row:
        row["expand_base"] = row.pop("input_filters")
    return row


def _meaning(token: str, notation: Notation, text: str) -> tuple[str, Mapping[str, Any]]:
    """A token's letters, and the keys that it stands for."""
    match = _TOKEN.fullmatch(token)
    if token in notation.flags:
        return token, notation.flags[token]
    letters, number = (match[1], match[2]) if match else (token, None)
    if number is not None and letters in notation.tokens:
        try:
            return letters, notation.tokens[letters](number)
        except ValueError as error:
            raise NotationError(f"row {shorten(repr(text))}: {shorten(repr(token))}: {error}") from error
    what = _NOT_EXPRESSIBLE.get(token, _NOT_EXPRESSIBLE.get(letters))
    if what:
        advice = _ADVICE.get(letters, "")
        raise NotationError(
            f"row {shorten(repr(text))}: {shorten(repr(token))}: {what} cannot be expressed here{advice}"
        )
    valid = ", ".join([f"{letters}N" for letters in notation.tokens] + list(notation.flags))
    raise NotationError(
        f"row {shorten(repr(text))}: {shorten(repr(token))} means nothing in this kind of row; valid are {valid}"
    )


def _integer(number: str) -> int:
    if not number.isdigit() or len(number) > MAX_DIGITS:
        raise ValueError("should be a whole number")
    return int(number)


def _number(number: str) -> float:
    if number.count(".") > 1 or len(number) > MAX_DIGITS:
        raise ValueError("should be a number")
    return float(number)


def _whole(key: str) -> Callable[[str], Mapping[str, Any]]:
    return lambda number: {key: _integer(number)}


def _ratio(key: str) -> Callable[[str], Mapping[str, Any]]:
    return lambda number: {key: _number(number)}


def _kernel_sizes(number: str) -> Mapping[str, Any]:
    """`3`, or `3.5.7`: several kernel sizes share the channels."""
    sizes = [_integer(size) for size in number.split(".")]
    return {"kernel_size": {MIXED: sizes} if len(sizes) > 1 else sizes[0]}


def _groups(key: str) -> Callable[[str], Mapping[str, Any]]:
    """`1.1` is a 1x1 convolution in two groups."""

    def groups(number: str) -> Mapping[str, Any]:
        sizes = number.split(".")
        if set(sizes) != {"1"}:
            raise ValueError("only kernels of one pixel can be expressed here, as 1.1 for two groups")
        return {key: len(sizes)}

    return groups


def _kernel_or_none(key: str) -> Callable[[str], Mapping[str, Any]]:
    """`0` is no kernel."""
    return lambda number: {key: size} if (size := _integer(number)) else {}


def _strides(number: str) -> Mapping[str, Any]:
    """`22` is a stride of two in both directions, and so is `2`."""
    if len(number) > 2 or not number.isdigit():
        raise ValueError("should be one digit, or two: one for each direction")
    return {"stride": [int(digit) for digit in number] if len(number) == 2 else int(number)}


def _stride(number: str) -> Mapping[str, Any]:
    """`2`; two digits would be another notation's two directions."""
    if len(number) != 1 or not number.isdigit():
        raise ValueError("should be one digit, for both directions")
    return {"stride": int(number)}


def _switch(keys: Mapping[str, Any]) -> Callable[[str], Mapping[str, Any]]:
    """The keys that `1` stands for; `0` stands for none."""

    def meaning(number: str) -> Mapping[str, Any]:
        if number not in {"0", "1"}:
            raise ValueError("should be 0 or 1")
        return keys if number == "1" else {}

    return meaning


def _one(number: str) -> Mapping[str, Any]:
    """An expansion that this kind of row does not have."""
    if _number(number) != 1:
        raise ValueError("this kind of row has no expansion")
    return {}


def _no_stride(number: str) -> Mapping[str, Any]:
    if _integer(number) != 1:
        raise ValueError("this kind of row has no stride")
    return {}


def _both_filters(number: str) -> Mapping[str, Any]:
    """Channels of keys and of values."""
    return {"key_filters": _integer(number), "value_filters": _integer(number)}


_NO_SKIP: Final = {"noskip": {"shortcut": "none"}}
_SKIP: Final = {"skip": {"shortcut": "identity"}}
_TIMM_FLAGS: Final = {**_NO_SKIP, **_SKIP, **{token: {"activation": name} for token, name in _ACTIVATIONS.items()}}
_TIMM_TOKENS: Final = {"r": _whole("num_repeat"), "s": _stride, "c": _whole("output_filters")}
_TIMM_REQUIRED: Final = ("r", "k", "s", "c")

EFFICIENTNET: Final = Notation(
    {"type": "mbconv"},
    {
        "r": _whole("num_repeat"),
        "k": _kernel_sizes,
        "s": _strides,
        "e": _ratio("expand_ratio"),
        "i": _whole("input_filters"),
        "o": _whole("output_filters"),
        "se": _ratio("se_ratio"),
        "a": _groups("expand_groups"),
        "p": _groups("project_groups"),
        "c": _switch({"type": "fused_mbconv"}),
        "f": _switch({"type": "fused_mbconv", "unit_expansion": True}),
    },
    {**_NO_SKIP, "sw": {"activation": "swish"}},
    ("r", "k", "s", "e", "o"),
)
_DEPTHWISE_SEPARABLE_TOKENS: Final = {
    **_TIMM_TOKENS,
    "k": _kernel_sizes,
    "e": _one,
    "p": _groups("project_groups"),
    "gs": _whole("group_size"),
    "se": _ratio("se_ratio"),
}
TIMM: Final[Mapping[str, Notation]] = {
    "ir": Notation(
        {"type": "mbconv", "unit_expansion": True},
        {
            **_TIMM_TOKENS,
            "k": _kernel_sizes,
            "e": _ratio("expand_ratio"),
            "a": _groups("expand_groups"),
            "p": _groups("project_groups"),
            "gs": _whole("group_size"),
            "se": _ratio("se_ratio"),
            "cc": _whole("experts"),
        },
        _TIMM_FLAGS,
        (*_TIMM_REQUIRED, "e"),
    ),
    "ds": Notation(
        {"type": "depthwise_separable", "activation_after": False, "shortcut": "identity"},
        _DEPTHWISE_SEPARABLE_TOKENS,
        _TIMM_FLAGS,
        _TIMM_REQUIRED,
    ),
    "dsa": Notation(
        {"type": "depthwise_separable", "activation_after": True, "shortcut": "none"},
        _DEPTHWISE_SEPARABLE_TOKENS,
        {flag: row for flag, row in _TIMM_FLAGS.items() if flag != "skip"},  # timm never gives it one
        _TIMM_REQUIRED,
    ),
    "er": Notation(
        {"type": "fused_mbconv", "unit_expansion": True},
        {
            **_TIMM_TOKENS,
            "k": _whole("kernel_size"),
            "e": _ratio("expand_ratio"),
            "fc": _whole("expand_base"),
            "gs": _whole("group_size"),
            "se": _ratio("se_ratio"),
        },
        _TIMM_FLAGS,
        (*_TIMM_REQUIRED, "e"),
    ),
    "uir": Notation(
        {"type": "universal_inverted_bottleneck"},
        {
            **_TIMM_TOKENS,
            "a": _kernel_or_none("start_kernel_size"),
            "k": _kernel_or_none("middle_kernel_size"),
            "e": _ratio("expand_ratio"),
            "se": _ratio("se_ratio"),
        },
        _TIMM_FLAGS,
        (*_TIMM_REQUIRED, "e"),
    ),
    "mqa": Notation(
        {"type": "mobile_attention"},
        {
            "r": _whole("num_repeat"),
            "k": _whole("kernel_size"),
            "h": _whole("heads"),
            "s": _no_stride,
            "v": _whole("reduction"),
            "d": _both_filters,
            "c": _whole("output_filters"),
        },
        _NO_SKIP,
        ("r", "k", "h", "s", "d", "c"),
    ),
    "cn": Notation(
        {"type": "conv", "shortcut": "none"},
        {**_TIMM_TOKENS, "k": _whole("kernel_size"), "e": _one},
        _TIMM_FLAGS,
        _TIMM_REQUIRED,
    ),
}
