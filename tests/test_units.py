from __future__ import annotations

import pytest

from mbconv_cli.units import binary, decimal, milliseconds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (385_814_752, "385.8M"),
        (-1_500, "-1.5k"),
        (1.61e10, "16.1G"),
        (2e12, "2T"),
    ],
)
def test_decimal(value: float, shown: str) -> None:
    assert decimal(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (21_154_192, "20.2 MiB"), (2**40, "1.0 TiB")]
)
def test_binary(value: float, shown: str) -> None:
    assert binary(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.000"), (0.0004, "0.000"), (1.5, "1.500"), (-0.25, "-0.250"), (12_345.6789, "12,345.679")],
)
def test_milliseconds_have_their_point_in_one_place(value: float, shown: str) -> None:
    assert milliseconds(value) == shown
