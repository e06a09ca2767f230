"""RepVGG-A0 and MobileOne-S0 as they are deployed, beside what timm makes of its own ones."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.parallel_sums import merge_parallel_sums
from mbconv_cli.plan.plan_rewrites import fold_norm


@pytest.mark.parametrize(("name", "peer"), [("repvgg-a0", "repvgg_a0"), ("mobileone-s0", "mobileone_s0")])
def test_the_parameters_are_those_of_timms(name: str, peer: str) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed: nothing to compare with")
    theirs = timm.utils.reparameterize_model(timm.create_model(peer).eval())
    ours = merge_parallel_sums(fold_norm(open_network(name).plan))
    assert total(plan_costs(ours)).params == sum(parameter.numel() for parameter in theirs.parameters())
