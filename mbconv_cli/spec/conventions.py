"""What the code around a family's strings decides: under one word, the settings that a table of rows leaves out.

Read from timm (models/efficientnet.py, mobilenetv3.py, hardcorenas.py), torchvision (models/mobilenetv3.py),
tensorflow/tpu (models/official/efficientnet, mnasnet) and google/automl (efficientnetv2).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from mbconv_cli.errors import AssumptionWarning
from mbconv_cli.spec.extends import extend
from mbconv_cli.spec.notation import StringRow
from mbconv_cli.yaml.yaml_text import Document

Convention: TypeAlias = Literal[
    "efficientnet",
    "efficientnet-lite",
    "efficientnet-edgetpu",
    "efficientnet-v2",
    "efficientnet-v2-base",
    "tinynet",
    "mobilenet-v1",
    "mobilenet-v2",
    "mobilenet-v3",
    "mobilenet-v4",
    "hardcore-nas",
    "fbnet",
    "fbnet-v3",
    "lcnet",
    "mnasnet",
    "mixnet",
]

_PYTORCH_NORM: Final = {"eps": 1e-5, "momentum": 0.1}
_TENSORFLOW_NORM: Final = {"eps": 1e-3, "momentum": 0.1}
_OF_INPUT: Final = {"squeeze_from": "input", "gate": "sigmoid"}
_COMPOUND: Final = {"alpha": 1.2, "beta": 1.1, "gamma": 1.15}
_HARD_GATE: Final = {"squeeze_from": "expanded", "divisor": 8, "activation": "relu", "gate": "hard_sigmoid"}

CONVENTIONS: Final[Mapping[Convention, Mapping[str, Any]]] = {
    "efficientnet": {
        "activation": "swish",
        "norm": _PYTORCH_NORM,
        "se": {**_OF_INPUT, "rounding": "floor", "activation": "swish"},
        "scaling": _COMPOUND,
    },
    "efficientnet-lite": {
        "activation": "relu6",
        "norm": _TENSORFLOW_NORM,
        "padding": "same",
        "scaling": {"stem": "fixed", "head": "fixed", "fixed_ends": True},
    },
    "efficientnet-edgetpu": {"activation": "relu", "norm": _PYTORCH_NORM},
    "efficientnet-v2": {
        "activation": "swish",
        "norm": _TENSORFLOW_NORM,
        "se": {**_OF_INPUT, "rounding": "floor", "activation": "swish"},
    },
    "efficientnet-v2-base": {
        "activation": "swish",
        "norm": _TENSORFLOW_NORM,
        "padding": "same",
        "se": {**_OF_INPUT, "rounding": "nearest", "activation": "swish"},
        "scaling": {"round_limit": 0.0},
    },
    "tinynet": {
        "activation": "swish",
        "norm": _PYTORCH_NORM,
        "se": {**_OF_INPUT, "rounding": "nearest", "activation": "swish"},
        "scaling": {"stem": "fixed", "head": "widened", "depth_rounding": "nearest"},
    },
    "mobilenet-v1": {"activation": "relu6", "norm": _PYTORCH_NORM},
    "mobilenet-v2": {"activation": "relu6", "norm": _PYTORCH_NORM, "scaling": {"head": "widened"}},
    "mobilenet-v3": {
        "activation": "hard_swish",
        "norm": {"eps": 1e-3, "momentum": 0.01},
        "expand_divisor": 8,
        "se": _HARD_GATE,
        "scaling": {"expansion": "ratio", "hidden": "widened"},
    },
    "mobilenet-v4": {"activation": "relu", "norm": _PYTORCH_NORM, "expand_divisor": 8},
    "hardcore-nas": {
        "activation": "hard_swish",
        "norm": _PYTORCH_NORM,
        "expand_divisor": 8,
        "se": _HARD_GATE,
        "scaling": {"expansion": "ratio"},
    },
    "fbnet": {"activation": "relu", "norm": _PYTORCH_NORM, "scaling": {"head": "fixed"}},
    "fbnet-v3": {
        "activation": "hard_swish",
        "norm": _PYTORCH_NORM,
        "expand_divisor": 8,
        "se": {"squeeze_from": "input", "divisor": 8, "round_limit": 0.95, "gate": "hard_sigmoid"},
        "scaling": {"round_limit": 0.95},
    },
    "lcnet": {
        "activation": "hard_swish",
        "norm": _PYTORCH_NORM,
        "se": {"squeeze_from": "input", "activation": "relu", "gate": "hard_sigmoid"},
    },
    "mnasnet": {
        "activation": "relu",
        "norm": _PYTORCH_NORM,
        "se": {**_OF_INPUT, "rounding": "nearest", "activation": "relu"},
        "scaling": {"head": "fixed"},
    },
    "mixnet": {
        "activation": "relu",
        "norm": _PYTORCH_NORM,
        "se": {**_OF_INPUT, "rounding": "nearest"},
        "scaling": {"head": "fixed", "depth_rounding": "nearest"},
    },
}
"""For each word the sections that a file may leave out; what the file says itself comes before them."""

assert CONVENTIONS.keys() == set(get_args(Convention))


def with_conventions(document: Document) -> Document:
    """The document laid over the settings that its `conventions` stand for; itself where it names none that exist."""
    word = document.data.get("conventions")
    settings = next((found for known, found in CONVENTIONS.items() if known == word), None)
    return extend(Document(settings, {}, {}), document) if settings else document


def warn_of_assumptions(document: Document, name: str) -> None:
    """Warn where rows that are strings leave open what no section says, since the code around them decides it."""
    data, rows = document.data, document.data.get("blocks")
    if not isinstance(rows, list) or "conventions" in data:
        return
    strings = [row for row in rows if isinstance(row, StringRow)]
    assumed = []
    if "se" not in data and any(row.get("se_ratio") for row in strings):
        assumed.append("se: {squeeze_from: input, rounding: floor, gate: sigmoid}")
    if "activation" not in data and any("activation" not in row for row in strings):
        assumed.append("activation: relu")
    if assumed:
        warnings.warn(
            f"{name}: rows written as strings leave these to the code around them: assumed {' and '.join(assumed)}; "
            "say so, or name the family, as in `conventions: mobilenet-v3`",
            AssumptionWarning,
            stacklevel=2,
        )
