from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.pareto import Front, front_of

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(POINTS)
def test_the_front_is_what_nothing_else_dominates(points: list[tuple[int, int]]) -> None:
    expected = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    assert set(front_of(points, lambda p: p)) == expected
    assert len(front_of(points, lambda p: p)) == len(expected)


def test_of_equal_items_the_first_is_kept() -> None:
    front = Front[tuple[str, int]](lambda item: (item[1],))
    assert front.add(("first", 1))
    assert not front.add(("second", 1))
    assert front.items == [("first", 1)]
