"""What a spec's rows must agree on among themselves, beyond each key's own type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mbconv_cli.spec.row_keys import SameFilters
from mbconv_cli.spec.rows import ROW_TYPES
from mbconv_cli.yaml.yaml_text import Document, Finding, Path

_KERNEL_KEYS: Final = ("kernel_size", "depthwise_stack", "start_kernel_size", "middle_kernel_size", "unit_kernel_size")
_MAY_BE_EVEN: Final = "pool"  # as PyTorch's poolings: of the pixels that an even window is short of, none are padded
_SAME_FILTERS: Final = tuple(name for name, model in ROW_TYPES.items() if issubclass(model, SameFilters))
_IS_EVEN: Final = "is even; with symmetric padding it must be odd (or say `padding: same`)"


def contradictions(document: Document) -> list[Finding]:
    """Every disagreement, as its place and what is wrong there.

    Works on the plain data, so that it is reported together with what the schema finds; what has the wrong type
    is the schema's business and is passed over.
    """
    data = document.data
    checks = (_broken_chain, _even_kernels, _no_layer)
    return [(document.mark(path), what) for check in checks for path, what in check(data)]


def _broken_chain(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """`input_filters` must be what the row before, or the stem, or the input gives."""
    previous, name = _size(_section(data, "input").get("channels", 3)), "the input"
    stem = _section(data, "stem")
    if stem:
        previous, name = _size(stem.get("output_filters")), "the stem"
    for index, row in enumerate(_rows(data)):
        given = _size(row.get("input_filters"))
        if given is not None and previous is not None and given != previous:
            yield ("blocks", index, "input_filters"), f"input_filters is {given}, but {name} gives {previous}"
        given = _size(row.get("output_filters"))
        if row.get("type") not in _SAME_FILTERS:
            previous, name = given, f"row {index + 1}"
        elif given is not None and previous is not None and given != previous:
            yield ("blocks", index, "output_filters"), f"output_filters is {given}, but {name} gives {previous}"


def _even_kernels(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """An even kernel has no middle, so it cannot be padded by the same amount on both sides."""
    places: list[tuple[Path, Mapping[str, Any]]] = [((key,), _section(data, key)) for key in ("stem", "head")]
    places += [(("blocks", index), row) for index, row in enumerate(_rows(data))]
    for path, mapping in places:
        padding = mapping.get("padding") or data.get("padding", "symmetric")
        if padding != "symmetric" or mapping.get("type") == _MAY_BE_EVEN:
            continue
        for key in _KERNEL_KEYS:
            for kernel_size in _sizes(mapping.get(key)):
                if kernel_size > 0 and kernel_size % 2 == 0:
                    yield (*path, key), f"{key}: {kernel_size} {_IS_EVEN}"


def _no_layer(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if all(data.get(key) in (None, []) for key in ("stem", "blocks", "head", "classifier")):
        yield (), "no layer; a network has a stem, blocks, a head or a classifier"


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _rows(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = data.get("blocks")
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def _sizes(value: Any) -> list[int]:
    """The sides of a kernel, or of several, in whichever form."""
    match value:
        case list():
            return [size for kernel in value for size in _sizes(kernel)]
        case {"mixed": kernels}:
            return _sizes(kernels)
        case str():
            return [int(side) for side in value.split("x") if side.isascii() and side.isdigit() and len(side) < 4]
    size = _size(value)
    return [] if size is None else [size]


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
