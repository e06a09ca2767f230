"""The most memory that is alive at once, by hand."""

from __future__ import annotations

from mbconv_cli.cost.activation_memory import Peak, alive_activations, forward_bytes, peak
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load, load_text


def plan(text: str) -> Plan:
    return plan_loaded(load_text(text, "f.yaml"))


def test_a_chain_has_two_values_alive_at_a_time() -> None:
    made = plan("input: {resolution: 4}\nstem: {output_filters: 8}\nclassifier: {num_classes: 5}\n")
    # conv: 3*16 in, 8*4 out; norm and activation: 32 in, 32 out; pool: 32 in, 8 out; linear: 8 in, 5 out
    assert alive_activations(made) == (80, 64, 64, 40, 13)
    assert peak(made) == Peak(80, "stem.conv")


def test_a_shortcut_keeps_its_value_alive() -> None:
    made = plan("input: {resolution: 2, channels: 4}\nblocks: [{kernel_size: 3, output_filters: 4, expand_ratio: 2}]\n")
    # the input (16) lives to the end beside: expanded in and out (32 each), then projected (16)
    assert alive_activations(made) == (48, 80, 80, 80, 80, 80, 64, 48, 48)
    assert peak(made) == Peak(80, "stages.0.0.expand.norm")


def test_bytes_of_weights_and_of_the_peak_of_every_image() -> None:
    made = plan("input: {resolution: 4}\nstem: {output_filters: 8}\n")
    weights = 3 * 8 * 9 + 4 * 8
    assert forward_bytes(made, plan_costs(made), batch_size=3, element_size=4) == (weights + 3 * 80) * 4


def test_every_op_has_its_inputs_and_its_output_alive() -> None:
    for name in shipped():
        made = plan_loaded(load(name))
        for alive, cost in zip(alive_activations(made), plan_costs(made), strict=True):
            assert alive >= cost.activations
