"""Whatever a file holds, it is a network or it is refused in plain sentences; there is no third way.

The examples are the same in every run, but for `pytest --hypothesis-profile=thorough`, which draws many new ones.
"""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import decode, read, shipped
from mbconv_cli.spec.loader import load_text

SETTINGS = settings(
    max_examples=3 * settings().max_examples,  # a file is read in a moment
    suppress_health_check=[HealthCheck.too_slow],
)

EVERY_SECTION = """\
name: everything
family: "A family"
source: 'A paper'
input: {channels: 3, resolution: [32, 48]}
activation: swish
norm: {eps: 1e-3, momentum: .01}
padding: same
se: {squeeze_from: input, rounding: floor, divisor: 4, activation: relu, gate: hard_sigmoid, bias: true}
scaling: {width: 1.1, depth: 1.2, resolution: 64, divisor: 8}
stem: &conv {kernel_size: 3, output_filters: 16, stride: 2}
blocks:
  - {type: mbconv, kernel_size: 3, num_repeat: 2, input_filters: 16, output_filters: 16, expand_ratio: 1, stride: 1}
  - kernel_size: 5
    expanded_filters: 72
    output_filters: 24
    strides: [2, 1]
    se_ratio: 0.25
    id_skip: false
  - {type: depthwise_separable, kernel_size: 3, output_filters: 32, shortcut: projection, activation_after: false}
head: {kernel_size: 1, output_filters: 64, activation: none}
classifier: {hidden_filters: 32, num_classes: 10}
expect: {params: 1, macs: 2, source: nobody}
"""
CHILD = "extends: efficientnet-b0\nstem: {output_filters: 16}\nscaling: {width: 0.5, depth: 1.5}\n"
STRINGS = """\
input: {resolution: 32}
stem: {output_filters: 16}
blocks:
  - r1_k3_s11_e1_i16_o16_se0.25_noskip
  - ir_r2_k3.5_s2_e6_c24_se0.25_nre_noskip
  - ds_r1_k3_s1_c16_p1.1
  - dsa_r1_k3_s1_e1_c16
  - er_r1_k3_s1_e4_c24_fc24_nsw
  - cn_r1_k1_s1_c96_skip
"""
TEXTS = (
    EVERY_SECTION,
    CHILD,
    STRINGS,
    *(read(shipped()[name]) for name in ("efficientnet-b1", "mobilenet-v1", "mnasnet-a1")),
)

NASTY = (
    *("0", "-1", "1.5", "1e3", "1e999", "-.inf", ".nan", "010", "0o17", "0x7fffffff", "1:30", "9" * 25, "9" * 5_000),
    *("2", "4", "255", "256", "1000", "65536", "1048576", "1048577", "[1, 2]", "[1, 2, 3]", "[0, -1]"),
    *("~", "null", "true", "yes", "''", '""', "[]", "{}", "[[[", "{{{", "]", "}", ",", ":", "? ", ": ", "- ", "-"),
    *("*conv", "*x", "&x", "&conv", "<<", "!!python/object/apply:os.system", "!x", "!", "|", ">", "'", '"', "%", "@"),
    *("`", "#", "\t", "\n", "\n  ", "\r\n", "\0", "\x1b[31m", "\x85", "\u2028", "\ufeff", "\ud800", "ä", "😀", "---"),
    *("...", "extends: .\n", "extends: efficientnet-b2\n", "extends", "/dev/zero", "-", "a/b", "../x.yaml"),
    *("_", "ir", "k3.", "s22", "e0", "p1.1.1", "se2", "nre", "skip", "cc4", "d", "r0", "k" + "9" * 100, "_x" * 1_000),
    *("type", "mbconv", "depthwise_separable", "symmetric", "same", "none", "relu", "blocks", "k" * 2_000, "[" * 2_000),
)
TOKEN = re.compile(r"\s+|[\w.]+|[^\w\s]")
PLACE = re.compile(r"(.*\.yaml)(:\d+){0,2}: .+|\.\.\. and [\d,]+ more mistakes")


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """A valid text with a few tokens deleted, doubled, swapped, replaced, or with something put in between."""
    tokens = TOKEN.findall(draw(st.sampled_from(TEXTS)))
    foreign = st.sampled_from(NASTY) | st.sampled_from(tokens) | st.text(max_size=5)
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "replace", "insert", "cut"])):
            case "delete":
                tokens[index] = ""
            case "double":
                tokens.insert(index, tokens[index])
            case "swap":
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[index], tokens[other] = tokens[other], tokens[index]
            case "replace":
                tokens[index] = draw(foreign)
            case "insert":
                tokens.insert(index, draw(foreign))
            case "cut":
                tokens = tokens[: index + 1]
    return "".join(tokens)


@st.composite
def broken_bytes(draw: st.DrawFn) -> bytes:
    """Bytes of any kind, alone or in the middle of a valid text."""
    noise = draw(st.binary(max_size=40))
    text = draw(st.sampled_from(TEXTS)).encode()
    cut = draw(st.integers(0, len(text)))
    return draw(st.sampled_from([noise, text[:cut] + noise + text[cut:], text[:cut] + noise, noise + text[cut:]]))


def refused_for(text: str) -> tuple[str, ...]:
    """What is wrong with a text; nothing, if it is a network that has its costs."""
    try:
        plan = plan_loaded(load_text(text, "f.yaml", folder=Path("nowhere")))
    except InputError as error:
        return error.sentences or ("f.yaml: refused without a reason\n",)
    assert total(plan_costs(plan)).params > 0
    return ()


def require_plain_sentences(problems: tuple[str, ...]) -> None:
    for problem in problems:
        assert problem.isprintable()
        assert PLACE.fullmatch(problem), problem
        assert len(problem) < 1_000


@SETTINGS
@given(broken_texts())
def test_a_broken_text(text: str) -> None:
    require_plain_sentences(refused_for(text))


@SETTINGS
@given(broken_bytes())
def test_broken_bytes(content: bytes) -> None:
    try:
        text = decode(content, "f.yaml")
    except InputError as error:
        require_plain_sentences(error.sentences)
        return
    require_plain_sentences(refused_for(text))
