from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place, write_atomically


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")
    return path


@pytest.fixture
def plain_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupted(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


STEPS: tuple[tuple[object, str], ...] = (
    (tempfile, "mkstemp"),
    (os, "fdopen"),
    (os, "fsync"),
    (Path, "chmod"),
    (Path, "replace"),
)


@pytest.mark.parametrize(("owner", "step"), STEPS)
def test_a_failure_at_any_step_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    monkeypatch.setattr(owner, step, full)
    with pytest.raises(InputError, match=r"report\.json: not written: No space left on device"):
        write_atomically(old, "new")
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize(("owner", "step"), STEPS)
def test_an_interruption_at_any_step_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    monkeypatch.setattr(owner, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(old, "new")
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_failing_write_leaves_the_old_file_and_nothing_else(old: Path) -> None:
    with pytest.raises(InputError, match="not written"):
        write_atomically(old, "no UTF-8: \udcff")
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_writes_all_of_it_in_utf_8_and_with_plain_newlines(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    write_atomically(path, "ü±\nend\n")
    assert path.read_bytes() == b"\xc3\xbc\xc2\xb1\nend\n"


@pytest.mark.usefixtures("plain_umask")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_are_kept(old: Path, mode: int) -> None:
    old.chmod(mode)
    write_atomically(old, "new")
    assert stat.S_IMODE(old.stat().st_mode) == mode


@pytest.mark.usefixtures("plain_umask")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new", "text")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644


def test_a_link_stays_a_link(old: Path) -> None:
    link = old.with_name("link")
    link.symlink_to(old.name)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert old.read_text(encoding="utf-8") == "new"


def test_a_dangling_link_gets_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("target")
    write_atomically(link, "new")
    assert (tmp_path / "target").read_text(encoding="utf-8") == "new"


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    for name in ("n" * 255, "ü" * 127):
        write_atomically(tmp_path / name, "text")
        assert (tmp_path / name).read_text(encoding="utf-8") == "text"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing/report.json", "No such file or directory"),
        (".", "Is a directory"),
        ("file/report.json", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("nul\0byte", "null byte"),
    ],
)
def test_places_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"not written: .*{reason}"):
        write_atomically(Path(path), "text")
    with pytest.raises(InputError, match=f"not written: .*{reason}"):
        require_place(Path(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("path", ["report.json", "new.json"])
def test_places_where_something_can_be_written(old: Path, path: str) -> None:
    require_place(old.with_name(path))
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_device() -> None:
    with pytest.raises(InputError, match="/dev/full: not written: No space left on device"):
        write_atomically(Path("/dev/full"), "text")
    assert not Path("/dev/full").is_file()


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write_atomically(pipe, "text")
    reader.join(10)
    assert read == ["text"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize(("owner", "step"), [(tempfile, "mkstemp"), (Path, "replace")])
def test_what_cannot_be_replaced_is_written_in_place(
    old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, number: int
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    before = old.stat().st_ino
    monkeypatch.setattr(owner, step, refused)
    write_atomically(old, "n")
    assert old.read_text(encoding="utf-8") == "n"
    assert old.stat().st_ino == before
    assert list(old.parent.iterdir()) == [old]


def test_a_new_file_in_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    with pytest.raises(InputError, match="not written: Read-only file system"):
        write_atomically(tmp_path / "new.json", "new")


def test_a_file_without_write_permission_is_not_written(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != old)  # the superuser may write everything
    with pytest.raises(InputError, match="not written: Permission denied"):
        write_atomically(old, "new")
    assert old.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("write", [lambda path: write_atomically(path, "new"), require_place])
def test_links_that_lead_to_each_other(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "loop.json"
    path.symlink_to(path)
    with pytest.raises(InputError, match="not written: Too many levels of symbolic links"):
        write(path)
