"""YAML text -> data with marks: what is refused, where it is said to stand, and what no text may cost."""

from __future__ import annotations

import re

import pytest
import yaml

from mbconv_cli.errors import InputError, Mark
from mbconv_cli.yaml import yaml_text
from mbconv_cli.yaml.yaml_text import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, read_yaml


def told(text: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read_yaml(text, "f.yaml")
    return caught.value.sentences


def test_every_key_and_value_is_marked() -> None:
    document = read_yaml("input: {resolution: 224}\nblocks:\n  - {stride: [1, 2]}\n", "f.yaml")
    assert document.data == {"input": {"resolution": 224}, "blocks": [{"stride": [1, 2]}]}
    assert document.key_mark(("input", "resolution")) == Mark("f.yaml", 1, 9)
    assert document.mark(("input", "resolution")) == Mark("f.yaml", 1, 21)
    assert str(document.mark(("blocks", 0, "stride", 1))) == "f.yaml:3:18"


def test_what_has_no_mark_is_at_what_is_around_it() -> None:
    document = read_yaml("a:\n  b: 1\n", "f.yaml")
    assert document.mark(("a", "missing", 3)) == Mark("f.yaml", 2, 3)
    assert document.key_mark(("missing",)) == Mark("f.yaml", 1, 1)


def test_columns_count_characters_and_not_bytes() -> None:
    assert read_yaml("{ä😀: 1, b: 2}", "f.yaml").key_mark(("b",)) == Mark("f.yaml", 1, 9)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\r\nb: [2, x]\r\n",
        "\ufeffa: 1\nb: [2, x]\n",
        "a: 1\nb: [2,\tx]\n",
        "a: 1 # ä\nb:\n- 2\n- x",
        "%YAML 1.2\n---\na: 1\nb: [2, x]\n...",
    ],
    ids=["CRLF", "BOM", "tab between tokens", "no newline at the end", "directive"],
)
def test_unusual_but_valid_text(text: str) -> None:
    assert read_yaml(text, "f.yaml").data == {"a": 1, "b": [2, "x"]}


def test_marks_count_crlf_as_one_line_break() -> None:
    assert told("a: 1\r\nb: [\r\n") == ("f.yaml:3:1: not YAML: did not find expected node content",)


@pytest.mark.parametrize("quoted", ["'224'", '"224"', "|-\n  224", ">-\n  224"])
def test_what_is_quoted_is_a_word(quoted: str) -> None:
    assert read_yaml(f"a: {quoted}", "f.yaml").data == {"a": "224"}


@pytest.mark.parametrize("text", ["", " \n\n", "# only\n# comments\n", "~", "null\n", "---\n", "\ufeff"])
def test_an_empty_file(text: str) -> None:
    assert told(text) == ("f.yaml: the file is empty; a network needs at least `input` and one layer",)


def test_duplicate_keys_are_told_together() -> None:
    assert told("a: 1\nb: {c: 1, c: 2}\na: 3\nb: 4\n") == (
        "f.yaml:2:11: key 'c' a second time; the first is in line 2",
        "f.yaml:3:1: key 'a' a second time; the first is in line 1",
        "f.yaml:4:1: key 'b' a second time; the first is in line 2",
    )


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['echo executed >&2']",
        "!!python/name:os.system",
        "!!int '3'",
        "!!str 3",
        "!!set {a}",
        "!own x",
        "! 3",
        "!<tag:yaml.org,2002:binary> aGk=",
    ],
)
def test_tags_are_refused_and_never_executed(value: str, capfd: pytest.CaptureFixture[str]) -> None:
    (problem,) = told(f"a: {value}\n")
    assert re.fullmatch(r"f\.yaml:1:4: tag '.*'; a network's file has plain values only", problem)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: *b\n", "f.yaml:1:4: alias *b has no complete anchor &b before it"),
        ("a: &a [*a]\n", "f.yaml:1:8: alias *a has no complete anchor &a before it"),
        ("&a a: {b: *a}\n", "f.yaml:1:11: alias *a has no complete anchor &a before it"),
        ("&r {a: *r}\n", "f.yaml:1:8: alias *r has no complete anchor &r before it"),
        ("a: &x 1\n*x : 2\n", "f.yaml:2:1: a key must be a word, not an alias"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; a file holds one network"),
        ("1: 2\n", "f.yaml:1:1: a key must be a word, not '1'"),
        ("{~: 2}\n", "f.yaml:1:2: a key must be a word, not '~'"),
        ("a: {true: 2}\n", "f.yaml:1:5: a key must be a word, not 'true'"),
        (f"{'9' * 40}: 2\n", f"f.yaml:1:1: a key must be a word, not '{'9' * 40}'"),
        ("[a]: 2\n", "f.yaml:1:1: a key must be a word, not a mapping or a list"),
        ("? {a: 1}\n: 2\n", "f.yaml:1:3: a key must be a word, not a mapping or a list"),
        ("a: &a {b: 1}\nc: {<<: 1}\n", "f.yaml:2:9: << merges a mapping, or a list of mappings"),
        ("a: &a {b: 1}\nc: {<<: [*a, 1]}\n", "f.yaml:2:14: << merges a mapping, or a list of mappings"),
        ("a: &a {b: 1}\nc: {<<: *a, <<: *a}\n", "f.yaml:2:13: key '<<' a second time; the first is in line 2"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: not YAML: a tab; YAML is indented with spaces"),
        ("a: b: c\n", "f.yaml:1:5: not YAML: mapping values are not allowed in this context"),
        ("a: {b: 1\nc: 2", "f.yaml:2:2: not YAML: did not find expected ',' or '}'"),
        ("a: 'b\n", "f.yaml:2:1: not YAML: found unexpected end of stream"),
        ('a: "\\ud800"\n', "f.yaml:1:7: not YAML: found invalid Unicode character escape code"),
        ("a: @b\n", "f.yaml:1:4: not YAML: found character that cannot start any token"),
        ("%YAML 3.0\n---\na: 1\n", "f.yaml:1:1: not YAML: found incompatible YAML document"),
        (f"a: {'9' * 5000}\n", "f.yaml:1:4: a number of 5000 characters; at most 30 make sense"),
        ("a: 1\nb\0: 2\n", "f.yaml:2:2: character U+0000; a network's file is plain text"),
        ("\x7fELF\x02\x01\x01\0\0", "f.yaml:1:1: character U+007F; a network's file is plain text"),
        ("a: 1\r\nä\x1b[31m", "f.yaml:2:2: character U+001B; a network's file is plain text"),
        ("a: \ufeff1", "f.yaml:1:4: character U+FEFF; a network's file is plain text"),
        ("a: \ud800", "f.yaml:1:4: character U+D800; a network's file is plain text"),
    ],
)
def test_no_network_can_be_written_so(text: str, problem: str) -> None:
    assert told(text) == (problem,)


def test_long_keys_are_cut_in_messages() -> None:
    (problem,) = told(f"? {'k' * 5000}\n: 1\n? {'k' * 5000}\n: 2\n")
    assert len(problem) < 200


def test_an_alias_stands_where_it_is_used() -> None:
    document = read_yaml("a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.mark(("c", "b")) == Mark("f.yaml", 2, 4)


def test_an_alias_bomb_does_not_go_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (problem,) = told("\n".join(lines))
    assert problem.endswith(f"more than {MAX_NODES:,} values, aliases expanded")


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_no_recursion(bracket: str) -> None:
    (problem,) = told(bracket * 100_000)
    of_libyaml = "not YAML: exceeded maximum nesting depth"  # newer ones have a limit too, and read ahead
    what = rf"nested more than {MAX_DEPTH} levels deep|a key must be a word.*|{of_libyaml}"
    assert re.fullmatch(rf"f\.yaml:1:\d+: ({what})", problem)


def test_too_many_values() -> None:
    (problem,) = told("a: [" + "1," * MAX_NODES + "]")
    assert problem.endswith(f"more than {MAX_NODES:,} values, aliases expanded")


def test_too_long_a_text() -> None:
    assert told("#" * (MAX_CHARACTERS + 1)) == ("f.yaml: 1,000,001 characters; a network's file has at most 1,000,000",)


def test_without_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may be installed without libyaml; the meaning must be the same."""
    text = "a: &x {b: 1e-3, c: yes}\nd: [*x, ~, '1']\n"
    with_library = read_yaml(text, "f.yaml")
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert read_yaml(text, "f.yaml") == with_library
    assert told("[" * 100_000) == (f"f.yaml:1:{MAX_DEPTH + 1}: nested more than {MAX_DEPTH} levels deep",)
    assert told("a:\n\tb: 1\n") == ("f.yaml:2:1: not YAML: a tab; YAML is indented with spaces",)


def test_merges_keep_own_keys_and_those_of_the_first_that_is_named() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: {w: 4}}\nc: {y: 5, <<: *b}\nd: {<<: [*a, *b]}\ne: {<<: {x: 6}, v: 7}\n"
    data = read_yaml(text, "f.yaml").data
    assert data["c"] == {"y": 5, "z": {"w": 4}}
    assert data["d"] == {"x": 1, "y": 2, "z": {"w": 4}}
    assert data["e"] == {"x": 6, "v": 7}


def test_merged_values_keep_their_places() -> None:
    document = read_yaml("a: &a {x: 1, z: {w: 4}}\nc: {<<: *a, y: 5}\n", "f.yaml")
    assert document.mark(("c", "z", "w")) == Mark("f.yaml", 1, 21)
    assert document.key_mark(("c", "x")) == Mark("f.yaml", 1, 8)
    assert document.mark(("c", "y")) == Mark("f.yaml", 2, 16)


def test_a_merge_of_a_merge() -> None:
    text = "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n"
    document = read_yaml(text, "f.yaml")
    assert document.data["c"] == {"x": 1, "y": 2}
    assert document.mark(("c", "x")) == Mark("f.yaml", 1, 11)


def test_a_quoted_merge_key_is_a_key() -> None:
    assert read_yaml("a: {'<<': 1}\n", "f.yaml").data == {"a": {"<<": 1}}
