"""References to code as modules: this is where code of others is run, and nothing is downloaded."""

from __future__ import annotations

import ast
import copy
import importlib.util
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from weakref import WeakValueDictionary

import torch
from torch import nn

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.pytorch.capture.exporting import translated
from mbconv_cli.spec.code_reference import CodeReference, InputShape, Origin

_KEPT: Final[WeakValueDictionary[str, nn.Module]] = WeakValueDictionary()
DEFAULT_PIXELS: Final = 224
PEERS_EXTRA: Final = "pip install 'mbconv-cli[peers]'"


def make_module(code: CodeReference, device: torch.device) -> nn.Module:
    """The module of a reference, in the mode that it asks for, with random weights.

    Args:
        code: neither an archive, which holds a graph in place of a module.
        device: where its weights are made.

    Raises:
        InputError: the code cannot be found, imported or called, or makes no module.
    """
    if code.is_object:
        return _copied(code, device)
    with device, translated(code.text, "cannot be made"), redirect_stdout(sys.stderr):  # stdout is for results
        made = _library_module(code) if code.origin is Origin.LIBRARY else _called(code)
    if not isinstance(made, nn.Module):
        raise InputError(f"{code.text} gives {_article(type(made).__name__)}, where an nn.Module is needed")
    return made.train(code.training)


def keep_module(module: nn.Module) -> str:
    """Keep a module of this process, and say by which key; it is forgotten where nobody else holds it."""
    key = f"{type(module).__name__}@{id(module)}"
    _KEPT[key] = module
    return key


def _copied(code: CodeReference, device: torch.device) -> nn.Module:
    """A copy of a module of this process, so that bringing it into a form leaves the user's own alone.

    Raises:
        InputError: it is gone, or this is another process.
    """
    module = _KEPT.get(code.place)
    if module is None:
        raise InputError(f"{code.text} was a module of a Python process, and is not there any more")
    return copy.deepcopy(module).to(device).train(code.training)


def stated_inputs(code: CodeReference, module: nn.Module) -> tuple[InputShape, ...]:
    """The inputs that the user gave, or that a library states for its network.

    Raises:
        InputError: nobody states them.
    """
    if code.inputs:
        return code.inputs
    if code.origin is not Origin.LIBRARY:
        raise InputError(
            f"{code.text}: give the shape of its input, e.g. --input 1x3x224x224 or --input ids=2x128:int64"
        )
    image = _timm_image(module) if code.place == "timm" else _torchvision_image(code, module)
    return (InputShape((code.batch_size, *image)),)


def library_names(library: str) -> list[str]:
    """All networks of a library.

    Raises:
        InputError: it is not installed.
    """
    package = _imported_library(library)
    names = package.models.list_models() if library == "torchvision" else package.list_models()
    return [str(name) for name in names]


def _library_module(code: CodeReference) -> Any:
    package = _imported_library(code.place)
    arguments = _values(code.arguments)
    if code.place == "timm":
        if not package.is_model(code.name):
            _refuse_name(code, package.list_models())
        return package.create_model(code.name, pretrained=False, **arguments)
    if code.name not in (names := package.models.list_models()):
        _refuse_name(code, names)
    builder = package.models.get_model_builder(code.name)
    offered = builder.__wrapped__.__annotations__ if hasattr(builder, "__wrapped__") else builder.__annotations__
    without = {"weights": None} | ({"weights_backbone": None} if "weights_backbone" in offered else {})
    quick = {"init_weights": False} if code.name in {"googlenet", "inception_v3"} else {}
    return builder(**(without | quick | arguments))


def _refuse_name(code: CodeReference, names: list[str]) -> None:
    hint = did_you_mean(code.name, names) or f"; see {code.place}'s list_models()"
    raise InputError(f"{code.text}: {code.place} has no network {code.name!r}{hint}")


def _imported_library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise InputError(f"{name} does not load: {error}") from error
        raise InputError(f"{name} is not installed; {PEERS_EXTRA}") from error
    except (ImportError, RuntimeError, OSError) as error:  # built for another torch
        raise InputError(f"{name} does not load: {error}") from error


def _called(code: CodeReference) -> Any:
    module = _file_module(code) if code.origin is Origin.FILE else _package_module(code)
    found = getattr(module, code.name, None)
    if found is None:
        hint = did_you_mean(code.name, [name for name in vars(module) if not name.startswith("_")])
        raise InputError(f"{code.text}: {code.place} has no {code.name!r}{hint}")
    if isinstance(found, nn.Module) and not code.arguments:
        return found
    if not callable(found):
        raise InputError(f"{code.text} is {_article(type(found).__name__)}, which cannot be called")
    make: Callable[..., Any] = found
    return make(**_values(code.arguments))


def _file_module(code: CodeReference) -> ModuleType:
    """A file's own module; files beside it can be imported by it, but never in place of what is installed."""
    path = Path(code.place)
    if not path.is_file():
        raise InputError(f"{code.place}: no such file")
    _make_importable(path.resolve().parent)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # as dataclasses and pickle look for it
    spec.loader.exec_module(module)
    return module


def _package_module(code: CodeReference) -> ModuleType:
    """A module by its dotted name; those of the current directory are found after all that is installed."""
    _make_importable(Path.cwd())
    try:
        return import_module(code.place)
    except ModuleNotFoundError as error:
        if error.name is None or not code.place.startswith(error.name):
            raise
        raise InputError(
            f"{code.text}: no module {code.place!r} is installed or here, and git knows no such revision"
        ) from error


def _make_importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _values(arguments: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Each value as Python writes it (2, 0.5, True, None, [1, 2]); any other text is itself."""
    return {name: _value(text) for name, text in arguments}


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _timm_image(module: nn.Module) -> tuple[int, ...]:
    stated: Mapping[str, Any] = getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None) or {}
    return tuple(stated.get("input_size", (3, DEFAULT_PIXELS, DEFAULT_PIXELS)))


def _torchvision_image(code: CodeReference, module: nn.Module) -> tuple[int, ...]:
    """The network's own image size, or what its default weights were tested at."""
    size = getattr(module, "image_size", None)
    if not isinstance(size, int):
        from torchvision.models import get_model_weights

        weights = get_model_weights(code.name)
        preset = weights.DEFAULT.transforms() if hasattr(weights, "DEFAULT") else None
        crop = getattr(preset, "crop_size", None) or [DEFAULT_PIXELS]
        size = crop[0] if isinstance(crop, list) else crop
    if code.name.startswith(("r3d", "mc3", "r2plus1d", "s3d", "mvit", "swin3d")):
        return (3, 16, size, size)
    return (3, size, size)


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
