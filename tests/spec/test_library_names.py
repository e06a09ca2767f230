"""Names of libraries' networks, read from their files without running them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mbconv_cli.spec.library_names import library_references


def test_names_are_those_that_the_libraries_list() -> None:
    torchvision = pytest.importorskip("torchvision", reason="nothing to list")
    timm = pytest.importorskip("timm", reason="nothing to list")
    listed = {f"torchvision:{name}" for name in torchvision.models.list_models()}
    assert set(library_references("torchvision:")) == listed
    assert set(library_references("timm:")) >= {f"timm:{name}" for name in timm.list_models()}


def test_what_is_typed_is_completed() -> None:
    pytest.importorskip("timm", reason="only what is installed is completed")
    assert library_references("ti") == ["timm:"]
    assert library_references("timm:resnet50_") == [n for n in library_references("timm:") if "m:resnet50_" in n]
    assert library_references("other:") == []


def test_nothing_is_imported() -> None:
    code = "import sys; from mbconv_cli.spec.library_names import library_references; library_references('timm:r');"
    subprocess.run([sys.executable, "-c", f"{code} assert 'timm' not in sys.modules"], check=True, timeout=60)
