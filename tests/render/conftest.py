"""Canned reports: no network is opened and nothing is measured for what renderers are tested with."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis import columns
from mbconv_cli.analysis.columns import COSTS, LATENCY_SHARE, MACS_SHARE
from mbconv_cli.analysis.grouping import LABELS as BY_LABELS
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.listing import COLUMNS as LISTING
from mbconv_cli.report.model import Cell, Provenance, Report, Row, Section
from mbconv_cli.report.verdict import CHECK_COLUMNS, CHECKS

LABELS = BY_LABELS[By.LAYER]
LATENCY = (*columns.LATENCY, LATENCY_SHARE)
PROVENANCE = Provenance(
    mbconv="0.1.0",
    convention="MACs: one multiply-accumulate is one; of convolutions and linear layers. FLOPs = 2 x MACs. "
    "params: trainable, norm's scale and shift included. bytes: inputs, weights and outputs, each once",
    spec_sha256="5f" * 32,
    machine={"cpu": "Abacus 1", "cores": 2, "cuda": None},
    settings={"mode": "eager"},
)
OPS: tuple[tuple[str, str, str, tuple[int, ...], tuple[int, ...], int, int, float], ...] = (
    ("stem.conv", "conv2d", "stem", (3, 224, 224), (32, 112, 112), 864, 10_838_016, 0.75),
    ("stem.norm", "batch_norm", "stem", (32, 112, 112), (32, 112, 112), 64, 0, 0.125),
    ("stages.10.0.depthwise.activation", "activation", "depthwise", (96, 7, 7), (96, 7, 7), 0, 0, 0.0625),
    ("stages.10.0.se.multiply", "multiply", "se", (96, 7, 7), (96, 7, 7), 0, 0, 0.0625),
    ("stages.10.0.project.conv", "conv2d", "project", (96, 7, 7), (1280, 7, 7), 122_880, 6_021_120, 0.5),
    ("classifier.linear", "linear", "classifier", (1280,), (1000,), 1_281_000, 1_280_000, 0.5),
)


def _costs(params: int, macs: int) -> dict[str, Cell]:
    return {"params": params, "macs": macs, "flops": 2 * macs, "bytes": 4 * params + 602_112}


def _row(index: int) -> dict[str, Cell]:
    name, op, role, input_shape, output_shape, params, macs, _ = OPS[index]
    where: dict[str, Cell] = {"name": name, "op": op, "role": role}
    where |= {"stage": ".".join(name.split(".")[:-2]) or role, "block": name.rpartition(".")[0]}
    return where | {"input_shape": input_shape, "output_shape": output_shape} | _costs(params, macs)


def _totals(rows: tuple[Row, ...]) -> dict[str, Cell]:
    sums: dict[str, Cell] = {}
    for column in COSTS:
        sums[column.key] = sum(cell for row in rows if isinstance(cell := row[column.key], int))
    return sums


def _latency(figure: float, spread: float) -> dict[str, Cell]:
    return {"latency_ms": figure, "latency_ms_low": figure - spread, "latency_ms_high": figure + spread}


@pytest.fixture
def measured() -> Report:
    """A profile by layer, with latency: its layers take 2 ms together."""
    rows = tuple(
        _row(index) | _latency(op[-1], op[-1] / 16) | {"latency_share": op[-1] / 2} for index, op in enumerate(OPS)
    )
    latency: tuple[Row, ...] = (
        {"name": "sum of layers"} | _latency(2.0, 0.125) | {"latency_share": 1.0204081632653061},
        {"name": "difference", "latency_ms": -0.04, "latency_share": -0.020408163265306123},
        {"name": "end to end"} | _latency(1.96, 0.0625) | {"latency_share": 1.0},
        {"name": "slowdown by the stamps", "latency_ms": 0.015625, "latency_share": 0.007971938775510204},
    )
    return Report(
        "profile",
        PROVENANCE,
        {"name": "tiny", "input_shape": (1, 3, 224, 224), "dtype": "float32"},
        _totals(rows) | _latency(1.96, 0.0625) | {"latency_samples": 40},
        {"layers": Section((*LABELS, *COSTS, *LATENCY), rows), "latency": Section((LABELS[0], *LATENCY), latency)},
        (
            "device: cpu (Abacus 1), 2 threads, torch 2.6.0",
            (
                "samples: 40 plain and 40 stamped passes in turn after 8 of each to warm up, 1.5 s; end to end is "
                "their median, with 95 % confidence within 3.2 %; a layer is a midmean"
            ),
            "warning: the machine was busy: load average 3.00 on 2 cores before measuring began",
        ),
    )


@pytest.fixture
def exact() -> Report:
    """A profile without latency, cut to the top two rows."""
    rows = tuple(_row(index) for index in range(len(OPS)))
    totals = _totals(rows)
    others: Row = {"name": "4 others", **_totals(rows[1:4] + rows[5:])}
    whole = totals["macs"]
    assert isinstance(whole, int)
    shown = []
    for row in (rows[0], rows[4], others):
        macs = row["macs"]
        assert isinstance(macs, int)
        shown.append(dict(row) | {"macs_share": macs / whole})
    section = Section((*LABELS, *COSTS, MACS_SHARE), tuple(shown))
    return Report("profile", PROVENANCE, {"name": "tiny", "input_shape": (1, 3, 224, 224)}, totals, {"layers": section})


@pytest.fixture
def networks() -> Report:
    """A list of networks, with sources that are too long for most terminals."""
    rows: tuple[Row, ...] = tuple(
        {
            "name": name,
            "family": "MobileNet",
            "resolution": (224, 224),
            "params": params,
            "macs": macs,
            "source": source,
        }
        for name, params, macs, source in (
            ("mobilenet-v2", 3_504_872, 300_774_272, "Sandler et al. 2018, arXiv:1801.04381, table 2, by hand"),
            ("mobilenet-v3-small-minimalistic", 2_542_856, 56_510_400, "Howard et al. 2019, arXiv:1905.02244"),
        )
    )
    return Report("networks", PROVENANCE, {}, {"networks": 2}, {"networks": Section(LISTING[:-1], rows)})


@pytest.fixture
def hostile() -> Report:
    """Names such as nobody should have to expect."""
    names = (
        "[red]markup[/red] :smile:",
        "escape \x1b[31mred\x1b]0;title\x07 \x9b2J",
        "pipe | `code` <script>alert(1)</script> *a* _b_ #1 [x](y) &lt;",
        "lines\n::error::injected\r\n| a | b |",
        "=cmd()|' /C calc'!A0",
        "::error::at the start",
        "\u202eright to left\u2028 \udcff",
    )
    rows: tuple[Row, ...] = tuple({"name": name, "macs": index} for index, name in enumerate(names))
    section = Section((LABELS[0], COSTS[1]), rows)
    return Report("profile", PROVENANCE, {"name": names[1]}, {"macs": 21}, {names[3]: section}, (names[1], names[3]))


def check_row(
    network: str, metric: str, figures: tuple[Cell, Cell, str], limit: str, verdict: str, **cells: Cell
) -> Row:
    """A row of a check: `figures` are base, head and their unit."""
    base, head, unit = figures
    known = isinstance(base, int | float) and isinstance(head, int | float) and base
    change = head / base - 1 if known else None  # type: ignore[operator]  # mypy does not narrow by `known`
    row: dict[str, Cell] = {"network": network, "metric": metric, "base": base, "head": head, "unit": unit}
    return row | {"change": change, "limit": limit, "verdict": verdict, "level": "error"} | cells


def _measured(ratio: float, half: float, detectable: float) -> dict[str, Cell]:
    interval: dict[str, Cell] = {"ratio": ratio, "ratio_low": ratio - half, "ratio_high": ratio + half}
    return interval | {"processes": 10, "detectable": detectable}


def _place(line: int, column: int) -> dict[str, Cell]:
    return {"file": "architectures/ours-large.yaml", "line": line, "column": column}


def check_report(rows: tuple[Row, ...], notes: tuple[str, ...] = ()) -> Report:
    """A check that found these rows."""
    counted = dict.fromkeys(("passed", "failed", "warned", "inconclusive", "not_comparable", "errors"), 0)
    keys = {"pass": "passed", "missing": "failed", "fail": "failed", "error": "errors"}
    for row in rows:
        verdict = str(row["verdict"])
        key = "warned" if verdict == "fail" and row["level"] == "warn" else keys.get(verdict, verdict.replace(" ", "_"))
        if key in counted:
            counted[key] += 1
    subject: dict[str, Cell] = {"name": "mbconv-check.yaml", "against": "origin/main"}
    return Report("check", PROVENANCE, subject, dict(counted), {CHECKS: Section(CHECK_COLUMNS, rows)}, notes)


@pytest.fixture
def check() -> Report:
    """A check of which something came to each verdict."""
    rows = (
        check_row("mobilenet-v3-small", "params", (2_542_856, 2_542_856, "param"), "max_increase 0", "pass"),
        check_row(
            "ours-large",
            "params",
            (5_288_548, 5_289_060, "param"),
            "max_increase 0",
            "fail",
            **_place(17, 9),
            message="512 more than at origin/main, and none is allowed",
        ),
        check_row(
            "ours-large",
            "macs",
            (385_814_752, 397_002_848, "MAC"),
            "max_increase 2%",
            "fail",
            **_place(17, 9),
            level="warn",
            message="2.9% more than at origin/main, 2% is allowed",
        ),
        check_row(
            "ours-large",
            "latency_ms",
            (25.125, 26.75, "ms"),
            "max_increase 3%",
            "fail",
            **_place(17, 9),
            **_measured(1.065, 0.009, 0.012),
            message="slower by 5.6% at least, 3% is allowed",
        ),
        check_row(
            "mobilenet-v3-small",
            "latency_ms",
            (6.5, 6.625, "ms"),
            "max_increase 3%",
            "inconclusive",
            **_measured(1.019, 0.04, 0.061),
            message="between 2.1% faster and 5.9% slower; the machine is too noisy to say",
        ),
        check_row(
            "efficientnet-b0",
            "latency_ms",
            (30.5, 30.25, "ms"),
            "max_increase 3%",
            "pass",
            **_measured(0.992, 0.008, 0.011),
        ),
        check_row("efficientnet-b0", "peak_bytes", (None, 9_633_792, "byte"), "max 20 MiB", "off", level="off"),
        check_row(
            "ours-tiny", "spec", (None, None, ""), "", "missing", message="it is at origin/main and no longer here"
        ),
        check_row(
            "ours-old",
            "latency_ms",
            (12.5, None, "ms"),
            "max_increase 3%",
            "not comparable",
            message="measured on another cpu; compare with --against",
        ),
        check_row(
            "ours-broken",
            "spec",
            (None, None, ""),
            "",
            "error",
            file="architectures/ours-broken.yaml",
            line=3,
            column=1,
            message="unknown key 'activaton'; did you mean 'activation'?",
        ),
    )
    return check_report(rows, ("latency: 10 processes; one-sided t test at 1 % over 3 networks (Holm)",))


HOSTILE_NAMES = (
    "::error::injected",
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    "]]> </testcase> -->",
    "lines\n::error::injected\r\n| a | b |",
    "escape \x1b[31mred\x1b]0;title\x07 \x9b2J \x00",
    "\u202eright to left\u2028 \udcff \ufffe",
    "100%,file=x:y",
    "@somebody `code` **b** [x](javascript:alert(1))",
    "a name ##[error]injected",
    "",
)


@pytest.fixture
def hostile_check() -> Report:
    """A check of networks with names such as nobody should have to expect."""
    rows = tuple(
        check_row(name, "params", (1, 2, "param"), name, verdict, file=name, line=1, column=1, message=name)
        for name in HOSTILE_NAMES
        for verdict in ("fail", "pass")
    )
    return check_report(rows, HOSTILE_NAMES)
