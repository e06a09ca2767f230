import pytest

from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.errors import InputError


@pytest.mark.parametrize(
    ("text", "macs", "holds"),
    [
        ("macs <= 400M", 400_000_000, True),
        ("macs < 400M", 400_000_000, False),
        ("macs<=0.4G", 400_000_001, False),
        ("macs == 12", 12, True),
        ("macs >= 1k", 999, False),
    ],
)
def test_a_figure_is_compared_exactly(text: str, macs: int, holds: bool) -> None:
    (condition,) = parse_conditions([text])
    assert condition.holds({"macs": macs}) is holds


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["macs"], "should be KEY RELATION QUANTITY"),
        (["mac <= 1M"], "did you mean 'macs'"),
        (["macs <= 1 MiB"], "in one of the units k, M, G, T"),
        (["peak_bytes <= many"], "such as 20 MiB"),
        (["macs <= 1M", "macs >= 2M"], "exclude each other"),
        (["macs < 1M", "macs >= 1M"], "exclude each other"),
        (["macs == 1M", "macs == 2M"], "exclude each other"),
    ],
)
def test_invalid_conditions(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_conditions(texts)


def test_touching_bounds_leave_one_value() -> None:
    assert len(parse_conditions(["macs <= 1M", "macs >= 1M"])) == 2
