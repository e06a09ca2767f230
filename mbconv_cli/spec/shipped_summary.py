"""What a shipped file states about its network: read, and neither validated nor planned.

A shipped file's `expect:` is what its ops come to: the tests hold every file to that, and this summary to both. So a
list of all networks reads YAML alone. A user's own file is planned and counted: nobody has tested what it expects.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from mbconv_cli.spec.catalogue import Catalogue, Location, read
from mbconv_cli.spec.extends import extend
from mbconv_cli.yaml.yaml_text import Document, read_yaml


class Summary(NamedTuple):
    """What a list of networks shows of one.

    Attributes:
        family: its name, if it says one.
        source: paper and table, if it says them.
        resolution: (height, width) in pixels.
        params: trainable parameters.
        macs: multiply-accumulates of one image.
        top1: published accuracy in percent, if there is one.
    """

    family: str | None
    source: str | None
    resolution: tuple[int, int]
    params: int
    macs: int
    top1: float | None


def shipped_summary(path: Path, catalogue: Catalogue) -> Summary | None:
    """The summary of a shipped file; None of one that expects no figures.

    Raises:
        InputError: the file, or one that it extends, cannot be read.
    """
    data = _document(path, catalogue).data
    expect, published = data.get("expect", {}), data.get("published", {})
    if "macs" not in expect:
        return None
    resolution = data.get("scaling", {}).get("resolution") or data["input"]["resolution"]
    extent = (resolution, resolution) if isinstance(resolution, int) else tuple(resolution)
    figures = expect["params"], expect["macs"]
    return Summary(data.get("family"), data.get("source"), extent, *figures, published.get("top1"))


@cache
def _document(path: Location, catalogue: Catalogue) -> Document:
    """A file with all that it extends laid under it; kept, since many extend the same one."""
    document = read_yaml(read(path), str(path))
    if "extends" not in document.data:
        return document
    return extend(_document(catalogue.find(document.data["extends"], referrer=path), catalogue), document)
