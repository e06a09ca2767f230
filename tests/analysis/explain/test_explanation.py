"""Explanations: every topic has an example that exists, every figure is the network's own, every drawing fits."""

from __future__ import annotations

import math

import pytest

from mbconv_cli.analysis.explain.block_drawing import WIDTH, draw_block
from mbconv_cli.analysis.explain.block_explanation import parts_section
from mbconv_cli.analysis.explain.block_steps import block_ops, main_steps, shortcut_step
from mbconv_cli.analysis.explain.explanation import explain
from mbconv_cli.analysis.explain.topics import TOPICS, topic_called
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import cost_of, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.document import from_json, to_json
from mbconv_cli.spec.catalogue import Catalogue, shipped


@pytest.mark.parametrize("name", shipped())
def test_the_parts_of_every_block_are_the_block(name: str) -> None:
    plan = open_network(name).plan
    for block in plan.blocks:
        ops = block_ops(plan, block.name)
        steps = [*main_steps(ops), *filter(None, [shortcut_step(ops)])]
        assert sum(len(step.ops) for step in steps) == len(ops)
        rows = parts_section(ops).rows
        assert sum(int(str(row["macs"])) for row in rows) == total(map(cost_of, ops)).macs
        drawing = draw_block(ops, block.input_shape)
        assert drawing.isascii()
        assert max(map(len, drawing.splitlines())) <= WIDTH


def test_branches_that_are_summed_are_one_step() -> None:
    ops = block_ops(open_network("mobileone-s0").plan, "stages.2.1")
    assert [step.text for step in main_steps(ops)] == [
        "depthwise: the sum of 1x1, 4 times 3x3 and the input, a filter for each channel, norm, relu",
        "project: the sum of 4 times 1x1 and the input, 128 -> 128, norm, relu",
    ]
    assert "An output is a sum over 37 pixels" in " ".join(explain("mobileone-s0#stages.2.1", Catalogue()).prose)


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_is_explained_on_a_block_that_there_is(name: str) -> None:
    report = explain(name, Catalogue())
    assert report.prose[0] == TOPICS[name].title
    assert any("\n" in paragraph for paragraph in report.prose)
    assert from_json(to_json(report), "here") == report
    for width in (60, 80, 120):
        assert max(map(len, render(report, Format.TABLE, Style(width=width)).splitlines())) <= width
    assert "```text\n" in render(report, Format.MARKDOWN, Style())


@pytest.mark.parametrize("name", ["v2", "MBConv", "squeeze_and_excitation", "N>7", "Fused MBConv", "FLOPs"])
def test_topics_are_known_by_what_people_call_them(name: str) -> None:
    assert topic_called(name) is not None


def test_a_networks_sentences_have_its_own_figures() -> None:
    plan = open_network("efficientnet-b0").plan
    text = " ".join(explain("efficientnet-b0", Catalogue()).prose)
    assert f"{total(plan_costs(plan)).macs:,} MACs" in text
    wide = sum(cost_of(op).macs for op in plan.ops if op.role in {"expand", "project"})
    assert f"do {100 * wide / 385_814_752:.1f} % of the MACs" in text


def test_a_block_is_held_against_a_full_convolution() -> None:
    text = " ".join(explain("mobilenet-v1#stages.1.0", Catalogue()).prose)
    plain = 9 * 64 * math.prod((128, 56, 56))
    assert f"= {plain:,} MACs; this block costs 1/8.4 of that" in text


def test_what_comes_before_a_convolution_is_called_so() -> None:
    assert "relu before" in " ".join(explain("xception#stages.1.0", Catalogue()).prose)


@pytest.mark.parametrize(
    ("subject", "problem"),
    [
        ("mbcnv", "did you mean 'mbconv'"),
        ("zzz", "topics are mbconv"),
        ("efficientnet-b0#stages.99", "no block 'stages.99'"),
        ("./nowhere.yaml", "No such file"),
    ],
)
def test_what_is_nothing_gets_the_next_step(subject: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        explain(subject, Catalogue())
