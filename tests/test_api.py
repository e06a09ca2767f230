"""The door for Python: what it returns, what it imports, and that its examples and the documentation's are right."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import mbconv_cli
from mbconv_cli import api
from mbconv_cli.errors import InputError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python.md"


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, mbconv_cli; mbconv_cli.load('mobilenet-v2'); mbconv_cli.profile('mobilenet-v2');"
    code += "assert not {'torch', 'numpy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_examples_of_the_docstrings_and_of_the_page_are_right() -> None:
    assert doctest.testmod(api).failed == 0
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mbconv_cli.nothing


class TestReport:
    report = api.profile("mobilenet-v3-small", by="stage")

    def test_prints_as_the_table_of_the_command(self) -> None:
        assert str(self.report).startswith("mobilenet-v3-small, input shape 1x3x224x224, float32\n2,542,856 params")

    def test_has_totals_rows_and_a_document(self) -> None:
        assert self.report.totals["macs"] == 56_510_400
        assert self.report.rows() == self.report.rows("stages")
        assert self.report.rows()[0]["name"] == "stem"
        assert self.report.to_dict()["kind"] == "profile"
        with pytest.raises(InputError, match="no table 'stagess'; did you mean 'stages'"):
            self.report.rows("stagess")

    @pytest.mark.parametrize(
        ("suffix", "start"),
        [(".json", "{"), (".csv", "name,"), (".md", "## profile"), (".html", "<h3>"), (".txt", "m")],
    )
    def test_is_saved_in_the_format_of_the_suffix(self, suffix: str, start: str, tmp_path: Path) -> None:
        path = self.report.save(tmp_path / f"report{suffix}")
        assert path.read_text(encoding="utf-8").startswith(start)

    def test_other_suffixes_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no format for \.doc"):
            self.report.save(tmp_path / "report.doc")

    def test_is_a_page_in_a_notebook(self) -> None:
        page = self.report._repr_html_()
        assert page.count("<table>") == len(self.report.to_dict()["sections"])
        assert '<td style="text-align: right">' in page

    def test_names_what_a_page_takes_for_markup(self) -> None:
        class Odd(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.add_module("<b>", nn.Linear(2, 2))

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                output: torch.Tensor = self.get_submodule("<b>")(x)
                return output

        assert "&lt;b&gt;" in api.profile(Odd(), input_shape=(1, 2))._repr_html_()


def test_a_module_of_this_process_is_profiled_and_measured_in_it() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 6 * 6, 2))
    report = api.profile(module, input_shape=(2, 3, 8, 8), measure=True, threads=1, max_time=0.5)
    assert [row["name"] for row in report.rows("layers")] == ["0", "1", "3"]
    names = [row["name"] for row in report.rows("latency")]
    assert names[:5] == ["sum of layers", "difference", "captured program", "calls of modules", "end to end"]
    assert any("closed forms and torch.utils.flop_counter agree on all 3 ops" in note for note in report.notes)
    assert module[0].weight.device.type == "cpu"
    assert report.content.provenance.settings["allocator"] == "system"  # that of the user's process stays as it is
    json.dumps(report.to_dict())


def test_every_form_can_be_asked_for() -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.drop, self.head = nn.Conv2d(3, 4, 3), nn.Dropout(), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.head(self.drop(self.conv(x).mean((2, 3), keepdim=True).flatten(1)))
            return output

    module, form = Small(), dict[str, Any](measure=True, threads=1, max_time=0.3)
    trained = api.profile(module, input_shape=(2, 3, 8, 8), training=True, allocator="keep", **form)
    settings = trained.content.provenance.settings
    assert (settings["pass"], settings["allocator"]) == ("train", "keep")
    assert [row["name"] for row in trained.rows()] == ["conv", "mean", "drop", "head"]
    assert {"forward_ms", "backward_ms"} <= trained.rows()[0].keys()
    views = api.profile(module, input_shape=(2, 3, 8, 8), views=True)
    assert [row["name"] for row in views.rows()] == ["conv", "mean", "flatten", "drop.dropout", "head"]
    assert len(api.profile("repvgg-a0", reparameterize=True).rows()) < len(api.profile("repvgg-a0").rows())


def test_a_module_is_run_by_onnxruntime() -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    report = api.profile(module, input_shape=(1, 3, 8, 8), measure=True, backend="onnxruntime", threads=1, max_time=0.3)
    assert report.content.provenance.settings["backend"] == "onnxruntime"
    assert next(iter(report.content.sections)) == "blocks"


IGNORED: dict[str, tuple[str, dict[str, Any]]] = {
    "threads changes nothing in exact figures": ("mobilenet-v2", {"threads": 1}),
    "backend changes nothing in exact figures": ("mobilenet-v2", {"backend": "onnxruntime"}),
    "training changes nothing in exact figures": ("mobilenet-v2", {"training": True}),
    "processes changes nothing in exact figures": ("mobilenet-v2", {"processes": 3}),
    "device changes nothing in exact figures": ("mobilenet-v2", {"device": "cpu"}),
    "'eagre' is not one of eager, compile, cudagraph": ("mobilenet-v2", {"mode": "eagre"}),
    "depth is for by='module'": ("mobilenet-v2", {"depth": 2}),
    "views=True is for code; mobilenet-v2": ("mobilenet-v2", {"views": True}),
    "--arg and --input are for code": ("mobilenet-v2", {"input_shape": (1, 3, 8, 8)}),
    "example_inputs are for a module": ("mobilenet-v2", {"example_inputs": torch.zeros(1)}),
}


@pytest.mark.parametrize("sentence", IGNORED)
def test_no_option_is_ignored(sentence: str) -> None:
    network, options = IGNORED[sentence]
    with pytest.raises(InputError, match=re.escape(sentence)):
        api.profile(network, **options)


def test_a_captured_module_has_its_inputs_already() -> None:
    network = api.capture(nn.Linear(2, 2), torch.zeros(3, 2))
    with pytest.raises(InputError, match="Linear has its inputs already"):
        api.profile(network, input_shape=(1, 2))
    with pytest.raises(InputError, match="batch_size=2: the inputs of Linear hold a batch already"):
        api.profile(network, batch_size=2)
    with pytest.raises(InputError, match="processes=2: Linear is a module of this process"):
        api.profile(network, measure=True, processes=2)


def test_a_module_without_inputs_is_refused() -> None:
    with pytest.raises(InputError, match=r"Linear: give input_shape=\(1, 3, 224, 224\) or example_inputs"):
        api.profile(nn.Linear(2, 2))


def test_modules_are_compared_with_networks() -> None:
    built = api.build("mobilenet-v3-small")
    report = api.diff(api.capture(built, torch.zeros(1, 3, 224, 224)), "mobilenet-v3-small")
    assert report.notes[0] == "identical plan: both compute the same, op by op"
    assert report.totals["params_difference"] == 0
