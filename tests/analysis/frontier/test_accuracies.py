from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.analysis.frontier.accuracies import published_accuracy, read_accuracies, require_used
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.errors import InputError


def table(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_shipped_network_has_what_its_file_gives() -> None:
    found = published_accuracy(open_network("mobilenet-v2").spec)
    assert found is not None
    assert (found.top1, found.source, found.tested_at) == (71.878, "torchvision:mobilenet_v2.IMAGENET1K_V1", (224, 224))


def test_the_source_is_the_files_name_where_a_row_has_none(tmp_path: Path) -> None:
    found = read_accuracies(table(tmp_path, "top1,name,source\n70.5, a ,\n71,b,my run\n\n"))
    assert {name: (one.top1, one.source) for name, one in found.items()} == {
        "a": (70.5, "own.csv"),
        "b": (71, "my run"),
    }


def test_all_mistakes_are_reported_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_accuracies(table(tmp_path, "name,top1\na,0.7x\n,70\nb,70\nb,71\nc,101\nd,nan\n"))
    assert [sentence.partition("own.csv:")[2].partition(":")[0] for sentence in caught.value.sentences] == [
        "2",
        "3",
        "5",
        "6",
        "7",
    ]


@pytest.mark.parametrize("text", ["", "network,top1\na,1\n"])
def test_a_table_needs_its_columns(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="no column name"):
        read_accuracies(table(tmp_path, text))


def test_a_table_about_other_networks_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "name,top1\nmobilenetv2,70\n")
    with pytest.raises(InputError, match="did you mean 'mobilenet-v2'"):
        require_used(path, read_accuracies(path), ["mobilenet-v2"])
