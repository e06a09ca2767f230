import csv
from pathlib import Path

import pytest

from mbconv_cli.spec.loader import load

ROWS = list(csv.DictReader(Path(__file__).with_name("accuracy.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_shipped_network_has_its_published_accuracy(row: dict[str, str]) -> None:
    published = load(row["name"]).spec.published
    assert published is not None
    assert (published.top1, published.weights) == (float(row["top1"]), row["weights"])
    assert published.tested_at == (int(row["tested_at"]),) * 2


def test_a_derived_network_has_none_of_its_base(tmp_path: Path) -> None:
    file = tmp_path / "derived.yaml"
    file.write_text("extends: mobilenet-v2\nscaling: {width: 0.9}\n")
    assert load(str(file)).spec.published is None
