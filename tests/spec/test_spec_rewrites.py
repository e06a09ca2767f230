from __future__ import annotations

from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.spec_rewrites import (
    of_one_block,
    with_activation,
    with_expand_ratio,
    with_kernel,
    with_stack,
    without_squeeze_excite,
    without_stack,
)

SPEC = load_text(
    """\
input: {resolution: 32}
activation: swish
se: {activation: hard_swish}
stem: {output_filters: 8, activation: swish}
blocks:
  - {kernel_size: 5, expand_ratio: 6, output_filters: 8, se_ratio: 0.25, activation: relu6, stride: 2}
  - {kernel_size: [3, 5, 7], expand_ratio: 4, output_filters: 8, num_repeat: 2}
  - {type: depthwise_separable, kernel_size: 5, output_filters: 16}
  - {type: conv, kernel_size: 5, output_filters: 16}
classifier: {num_classes: 10}
""",
    "net.yaml",
).spec


def values(spec: Spec, key: str) -> list[object]:
    """What each row says under a key."""
    return [getattr(row, key, None) for row in spec.blocks]


def test_kernels_change_in_every_row_mixed_ones_too() -> None:
    assert values(with_kernel(SPEC, 5, 3), "kernel_size") == [(3,), (3, 3, 7), (3,), 3]


def test_a_changed_kernel_has_no_stack_any_more() -> None:
    changed = with_kernel(with_stack(SPEC, 5, (3, 3)), 5, 7)
    assert values(changed, "depthwise_stack") == [None] * 4


def test_stacks_take_the_place_of_single_depthwise_kernels_and_go_again() -> None:
    stacked = with_stack(SPEC, 5, (3, 3))
    assert values(stacked, "depthwise_stack") == [(3, 3), None, (3, 3), None]
    assert without_stack(stacked, (3, 3)) == SPEC
    assert without_stack(stacked, (1, 5)) == stacked


def test_no_squeeze_and_excitation() -> None:
    assert values(without_squeeze_excite(SPEC), "se_ratio") == [None] * 4


def test_one_expand_ratio_changes_and_no_other() -> None:
    assert values(with_expand_ratio(SPEC, 6, 3), "expand_ratio") == [3, 4, None, None]


def test_activations_change_wherever_they_are_said() -> None:
    changed = with_activation(SPEC, ("swish", "hard_swish"), "relu")
    assert changed.stem is not None
    assert (changed.activation, changed.se.activation, changed.stem.activation) == ("relu", "relu", "relu")
    assert values(changed, "activation") == ["relu6", None, None, None]
    assert changed.se.gate == "sigmoid"


def test_one_block_in_every_row() -> None:
    changed = of_one_block(SPEC, 3, 5)
    assert {type(row).__name__ for row in changed.blocks} == {"MBConv"}
    assert values(changed, "expand_ratio") == [3] * 4
    for key in ("output_filters", "stride", "num_repeat", "joined"):
        assert values(changed, key) == values(SPEC, key)


def test_what_is_not_there_is_left_as_it_is() -> None:
    bare = without_squeeze_excite(SPEC)
    assert without_squeeze_excite(bare) == bare
    assert with_kernel(SPEC, 9, 3) == SPEC
    assert with_expand_ratio(SPEC, 5, 3) == SPEC
    assert with_activation(SPEC, ("hard_sigmoid",), "relu") == SPEC
