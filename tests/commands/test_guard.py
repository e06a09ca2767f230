import errno
import os

import pytest

from mbconv_cli.commands.guard import exit_code


def _refused(number: int, *file: str) -> str:
    raise OSError(number, os.strerror(number), *file)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EMFILE, "too many open files; allow this shell more, e.g. with `ulimit -n 256`"),
        (errno.ENFILE, "too many open files in system; end other programs, or raise the limit of the system"),
        (errno.EAGAIN, "resource temporarily unavailable; end other programs, or allow more processes"),
        (errno.ENOSPC, "standard output: No space left on device"),
        (errno.ENOSYS, "the operating system: Function not implemented"),
    ],
)
def test_standard_output_is_blamed_for_its_own_errors_only(
    number: int, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(lambda: _refused(number)) == 2
    assert capfd.readouterr().err.startswith(f"mbconv: {message}")


def test_a_file_that_is_named_is_blamed(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(lambda: _refused(errno.EACCES, "some/file")) == 2
    assert capfd.readouterr().err == "mbconv: some/file: Permission denied\n"
