from __future__ import annotations

import pytest

from mbconv_cli.analysis.compare.block_family import FAMILY, BlockQuestion, block_plans
from mbconv_cli.analysis.compare.blocks import compare_blocks
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.devices import resolve_device
from mbconv_cli.report.model import Row

QUESTION = BlockQuestion(80, 112, (14, 14), kernel_size=5)
NOTATION = "ir_r1_k5_s1_e6_c112_se0.25"


def added(rows: list[Row], key: str) -> float:
    """The sum of a column."""
    figures = [row[key] for row in rows]
    return sum(figure for figure in figures if isinstance(figure, int | float))


def test_macs_in_closed_form() -> None:
    rows = {row["name"]: row for row in compare_blocks(QUESTION).sections["blocks"].rows}
    assert list(rows) == list(FAMILY)
    pixels = 14 * 14
    assert rows["convolution"]["macs"] == pixels * 25 * 80 * 112
    separable = pixels * (25 * 80 + 80 * 112)
    assert rows["MobileNetV1"]["macs"] == rows["Xception"]["macs"] == separable
    inverted = pixels * (80 * 480 + 25 * 480 + 480 * 112)
    assert rows["MobileNetV2"]["macs"] == inverted
    assert rows["MobileNetV3"]["macs"] == inverted + 2 * 480 * 120
    assert rows["EfficientNet"]["macs"] == inverted + 2 * 480 * 20
    assert rows["EfficientNetV2"]["macs"] == pixels * (25 * 80 * 480 + 480 * 112)
    assert rows["MobileNetV1"]["macs_ratio"] == separable / (pixels * 25 * 80 * 112)
    assert "macs_ratio" not in rows["convolution"]


def test_parts_add_up_to_their_block() -> None:
    report = compare_blocks(BlockQuestion(32, 32, (8, 8), batch_size=2))
    parts = report.sections["parts"].rows
    for block in report.sections["blocks"].rows:
        of_block = [part for part in parts if part["block"] == block["name"]]
        for key in ("params", "macs", "bytes"):
            assert added(of_block, key) == block[key]
        assert added(of_block, "macs_share") == pytest.approx(1)
    assert any(part["part"] == "shortcut" for part in parts)


@pytest.mark.parametrize("question", [QUESTION, BlockQuestion(8, 8, (9, 9), stride=2, expand_ratio=1, se_ratio=0)])
def test_every_block_is_built_as_it_is_counted(question: BlockQuestion) -> None:
    for plan in block_plans(question).values():
        assert audit(build(plan, resolve_device(parse_device("cpu"))), plan, plan_costs(plan)).agrees


def test_users_add_rows_in_notation_and_in_yaml() -> None:
    yaml = "{type: fused_mbconv, expand_ratio: 4}"
    plans = block_plans(BlockQuestion(80, 112, (14, 14), kernel_size=5, extra_rows=(NOTATION, yaml)))
    rows = list(plans.values())
    assert plan_costs(rows[-2])[0] == plan_costs(plans["EfficientNet"])[0]
    assert rows[-2].blocks[0].operator == "MBConv6, k5x5, SE"
    assert rows[-1].blocks[0].operator == "Fused-MBConv4, k5x5"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("ir_r1_k5_s1_e6_c96", "gives 96x14x14, but the others 112x14x14; see --out and --stride"),
        ("ir_r1", "lacks"),
        ("{type: conv, kernal_size: 3}", "did you mean 'kernel_size'"),
        ("{type: conv, strides: 2}", "gives 112x7x7"),
        ("5", "should be a mapping"),
        ("{a", "not YAML"),
        (" ", "an empty row"),
    ],
)
def test_a_row_that_is_none_is_refused(row: str, told: str) -> None:
    with pytest.raises(InputError, match="--block") as raised:
        block_plans(BlockQuestion(80, 112, (14, 14), extra_rows=(row,)))
    assert told in str(raised.value)


def test_overrides_hold_for_every_block() -> None:
    question = BlockQuestion(16, 16, (8, 8), overrides=("activation=none", "blocks[0].activation=none"))
    assert compare_blocks(question).subject["set"] == "activation=none; blocks[0].activation=none"
    with pytest.raises(InputError, match="has no 'expand_ratio'"):
        block_plans(BlockQuestion(16, 16, (8, 8), overrides=("blocks[0].expand_ratio=3",)))
