"""Where networks are found, and what is said when they are not."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec import catalogue
from mbconv_cli.spec.catalogue import (
    MAX_BYTES,
    Catalogue,
    decode,
    read,
    read_stdin,
    shipped,
    shipped_folder,
    user_catalogue,
)
from mbconv_cli.spec.loader import load


def test_every_file_of_the_folder_is_shipped_under_its_stem() -> None:
    assert dict(shipped()) == {path.stem: path for path in shipped_folder().glob("*.yaml")}
    assert "efficientnet-b0" in shipped()


def test_names_are_ordered_as_people_count() -> None:
    names = ["b1", "b10", "b2", "lite0", "b1-0.5", "b"]
    in_order = sorted((Path(f"{name}.yaml") for name in names), key=catalogue._numbers_last)
    assert [path.stem for path in in_order] == ["b", "b1", "b1-0.5", "b2", "b10", "lite0"]


def test_a_name_and_a_path(tmp_path: Path) -> None:
    assert Catalogue().find("efficientnet-b0") == shipped()["efficientnet-b0"]
    assert Catalogue().find("./mine.yml") == Path("mine.yml")
    assert Catalogue().find("mine.yaml", referrer=tmp_path / "child.yaml") == tmp_path / "mine.yaml"
    assert Catalogue().find("/a/b", referrer=tmp_path / "child.yaml") == Path("/a/b")


@pytest.mark.parametrize("word", ["efficentnet-b0", "EficientNet_B0"])
def test_the_nearest_name_is_proposed(word: str) -> None:
    with pytest.raises(InputError, match=f"no network is called '{word}'; did you mean 'efficientnet-b0'"):
        Catalogue().find(word)


@pytest.mark.parametrize("word", ["", "zzzzzzzz", "\0", "-", "..", "~"])
def test_where_no_name_is_near_the_way_is_shown(word: str) -> None:
    with pytest.raises(InputError, match=r"; `mbconv list` shows all, and a file is given by its path"):
        Catalogue().find(word)


def test_a_file_with_and_without_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa4\r\n")
    assert read(path) == "a: ä\r\n"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml: No such file or directory$"):
        read(tmp_path / "mine.yaml")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": Is a directory$"):
        read(tmp_path)


def test_a_file_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match=r": Not a directory$"):
        read(tmp_path / "a" / "b.yaml")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.touch(mode=0)
    with pytest.raises(InputError, match=r": Permission denied$"):
        read(path)


def test_what_the_system_refuses_is_told_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"^mine\.yaml: Permission denied$"):
        read(Path("mine.yaml"))


@pytest.mark.parametrize("name", ["a\0b.yaml", "a" * 5000])
def test_a_path_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"embedded null byte|File name too long"):
        read(tmp_path / name)


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")
    with pytest.raises(InputError, match="symbolic links"):
        read(tmp_path / "a.yaml")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no endless file")
def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match=rf"^/dev/zero: more than {MAX_BYTES:,} bytes"):
        read(Path("/dev/zero"))


def test_what_is_no_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match=r"^f\.yaml:2: not UTF-8 text \(byte 6\)$"):
        decode(b"a: 1\n\xff\xfe", "f.yaml")
    with pytest.raises(InputError, match="not UTF-8 text"):
        decode("a: 1".encode("utf-16"), "f.yaml")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a: 1")))
    assert read_stdin() == "a: 1"


def test_standard_input_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"y\n" * MAX_BYTES)))
    with pytest.raises(InputError, match="<stdin>: more than"):
        read_stdin()


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="<stdin>: standard input is closed"):
        read_stdin()


def test_standard_input_that_is_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise IsADirectoryError(21, "Is a directory")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read=refuse)))
    with pytest.raises(InputError, match="<stdin>: Is a directory"):
        read_stdin()


def test_an_incomplete_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "package" / "spec" / "catalogue.py"))
    with pytest.raises(InputError, match="install mbconv-cli again"):
        catalogue.shipped_folder.__wrapped__()


def test_a_users_folder_comes_first_and_its_names_count(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: mobilenet-v2\n")
    catalogue = user_catalogue([tmp_path])
    assert catalogue.entries()[0].name == "mine"
    assert catalogue.find("mine") == tmp_path / "mine.yaml"


def test_the_environment_names_folders_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yml").write_text("extends: mobilenet-v2\n")
    monkeypatch.setenv("MBCONV_ARCH_PATH", os.pathsep.join(str(tmp_path / name) for name in ("one", "two")))
    assert [entry.name for entry in user_catalogue().entries()[:2]] == ["one", "two"]


def test_a_name_that_exists_twice_is_refused_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "mobilenet-v2.yaml").write_text("extends: mobilenet-v1\n")
    with pytest.raises(InputError, match=r"two networks are called 'mobilenet-v2': .*; say which by its path"):
        user_catalogue([tmp_path]).find("mobilenet-v2")


def test_a_file_that_extends_its_own_name_means_the_other_one(tmp_path: Path) -> None:
    (tmp_path / "mobilenet-v2.yaml").write_text("extends: mobilenet-v2\n")
    assert load(str(tmp_path / "mobilenet-v2.yaml")).spec.blocks == load("mobilenet-v2").spec.blocks


@pytest.mark.parametrize("folder", ["missing", "file", "loop", "n" * 5_000, "a\x1b[31mb"])
def test_a_folder_that_is_none(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("MBCONV_ARCH_PATH", str(tmp_path / folder))
    with pytest.raises(InputError, match=r": no folder of networks \(--arch-dir, MBCONV_ARCH_PATH\): [A-Z]") as caught:
        user_catalogue().find("efficientnet-b0")
    assert str(caught.value).isprintable()


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"no folder of networks .*: Permission denied$"):
        Catalogue((tmp_path,)).find("efficientnet-b0")
