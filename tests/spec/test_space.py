from pathlib import Path

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import shipped_spaces, user_catalogue
from mbconv_cli.spec.space import Edit, Space, space_of_file, varied_network


def vary(*variations: str, network: str = "mobilenet-v2", overrides: tuple[str, ...] = ()) -> Space:
    return varied_network(network, variations, overrides, user_catalogue())


def values(space: Space, axis: int = 0) -> list[object]:
    return [alternative.label for alternative in space.axes[axis].alternatives]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scaling.width=0.5,1.0", [0.5, 1.0]),
        ("scaling.width=0.5:1.5:0.25", [0.5, 0.75, 1.0, 1.25, 1.5]),
        ("scaling.width=1.0:0.8:-0.1", [1.0, 0.9, 0.8]),
        ("blocks[1].num_repeat=1:4:2", [1, 3]),
        ("activation=relu,hard_swish", ["relu", "hard_swish"]),
        ("scaling.resolution=[192, 224],224", ["[192, 224]", 224]),
    ],
)
def test_values_and_ranges(text: str, expected: list[object]) -> None:
    assert values(vary(text)) == expected


def test_a_range_has_exact_decimal_steps() -> None:
    assert values(vary("scaling.width=0.1:1:0.1"))[2] == 0.3


def test_a_wildcard_edits_every_row() -> None:
    space = vary("blocks[*].kernel_size=3,5")
    assert [edit.path for edit in space.axes[0].alternatives[1].edits] == [
        ("blocks", index, "kernel_size") for index in range(7)
    ]


def test_an_alternative_of_the_present_value_edits_nothing() -> None:
    assert vary("blocks[0].kernel_size=3,5").axes[0].alternatives[0].edits == ()


def test_two_axes_under_one_absent_section_stay_apart() -> None:
    space = vary("scaling.depth=1.1,1.2", "input.channels=1,3", network="mobilenet-v1")
    assert space.axes[0].alternatives[0].edits == (Edit(("scaling", "depth"), 1.1),)


def test_combinations_are_numbered_with_the_last_axis_fastest() -> None:
    space = vary("scaling.width=0.5,1", "blocks[1].num_repeat=1:3:1")
    assert space.size == 6
    assert [space.combination(point) for point in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    ("variations", "message"),
    [
        (("blocks[0].kernal_size=3,5",), "nearest valid path: blocks"),
        (("scaling.width=2:1:0.5",), "the range 2:1:0.5 is empty"),
        (("scaling.width=1:2:0",), "the range 1:2:0 is empty"),
        (("scaling.width=0:1:0.00001",), "at most 10,000"),
        (("scaling.width",), "should be PATH=V1,V2"),
        (("scaling.width=",), "should be PATH=V1,V2"),
        (("blocks[0].kernel_size=5,7", "blocks[*].kernel_size=5,7"), "changes what blocks"),
        (("blocks=[]",), "cannot vary as a whole"),
        ((), "nothing varies"),
    ],
)
def test_invalid_variations(variations: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        vary(*variations)


@pytest.mark.parametrize("path", shipped_spaces(), ids=lambda path: path.stem)
def test_shipped_spaces_are_valid(path: Path) -> None:
    assert space_of_file(path, user_catalogue()).size > 100


def test_the_mnasnet_space_is_factorized() -> None:
    (path,) = (path for path in shipped_spaces() if path.stem == "mnasnet")
    space = space_of_file(path, user_catalogue())
    assert len(space.axes) == 6 * 4
    assert space.size == (7 * 2 * 3 * 3) ** 5 * (7 * 2 * 3 * 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network: mobilenet-v2", "a space is a mapping of"),
        ("network: mobilenet-v2\nchoices: {}", "nothing varies"),
        ("network: mobilenet-v2\nchoices:\n  blocks[0].kernel_size: 3", r"3:3.*should be a list of values"),
        ("network: mobilenet-v2\nchoices:\n  blocks[0].kernel: [3]", r"3:3.*has no 'kernel'"),
        ("network: mobilenet-v2\nchoices: {activation: [relu]}\nchoice: {}", "3:1: unknown key 'choice'"),
        ("network: [1]\nchoices: {activation: [relu]}", "should be a network's name or a network"),
    ],
)
def test_invalid_space_files(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        space_of_file(file, user_catalogue())
