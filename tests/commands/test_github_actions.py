from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.commands.github_actions import (
    STEP_SUMMARY,
    annotate_checks,
    append_step_summary,
    require_room_for_annotations,
)
from mbconv_cli.errors import InputError
from mbconv_cli.render.check_markdown import MARKER
from mbconv_cli.render.renderers import Format
from tests.render.conftest import check_report, check_row

REPORT = check_report((check_row("ünsere", "params", (1, 2, "param"), "max_increase 0", "fail", message="1 more"),))


def test_the_summary_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n", encoding="utf-8")
    monkeypatch.setenv(STEP_SUMMARY, str(summary))
    append_step_summary(REPORT)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith(f"# Before\n{MARKER}\n")
    assert "ünsere" in text


@pytest.mark.parametrize("value", ["", None])
def test_elsewhere_nothing_is_written(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if value is None:
        monkeypatch.delenv(STEP_SUMMARY, raising=False)
    else:
        monkeypatch.setenv(STEP_SUMMARY, value)
    append_step_summary(REPORT)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_a_summary_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(STEP_SUMMARY, str(tmp_path / "nowhere" / "summary.md"))
    append_step_summary(REPORT)
    assert "warning: GITHUB_STEP_SUMMARY: " in capsys.readouterr().err


def test_annotations_go_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    annotate_checks(REPORT)
    assert "::error title=ünsere params%3A fail::1 more\n" in capfd.readouterr().out


@pytest.mark.parametrize("output_format", [Format.JSON, Format.JUNIT, Format.MARKDOWN, Format.GITHUB])
def test_annotations_are_not_mixed_into_what_a_program_reads(output_format: Format) -> None:
    with pytest.raises(InputError, match="--annotate"):
        require_room_for_annotations(annotate=True, output_format=output_format, output=None)
    require_room_for_annotations(annotate=True, output_format=output_format, output=Path("report"))
    require_room_for_annotations(annotate=False, output_format=output_format, output=None)


def test_annotations_may_follow_a_table() -> None:
    require_room_for_annotations(annotate=True, output_format=Format.TABLE, output=None)
