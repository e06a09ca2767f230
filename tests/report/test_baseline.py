from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.report.baseline import Baseline, StoredNetwork, baseline_from_json, baseline_to_json, read_baseline

NETWORK = StoredNetwork(name="a", input_shape=(3, 8, 8), spec_sha256="0", metrics={"params": 5}, latency_ms=(1.5, 2.5))
BASELINE = Baseline(mbconv="1", convention="c", fingerprint={"cpu": "x", "cuda": None}, networks={"a.yaml": NETWORK})


def test_what_is_written_is_read_back() -> None:
    assert baseline_from_json(baseline_to_json(BASELINE), "b.json") == BASELINE
    bare = Baseline(mbconv="1", convention="c", networks={})
    assert baseline_from_json(baseline_to_json(bare), "b.json") == bare


def test_the_first_schema_stays_readable() -> None:
    """A file as the first version wrote it, word for word."""
    text = (
        '{"schema": "mbconv.baseline/1", "mbconv": "0.1.0", "convention": "c", "fingerprint": {"cpu": "x", "cores": 2},'
        '"networks": {"n": {"name": "n", "input_shape": [3, 8, 8], "spec_sha256": "0", "metrics": {"params": 1},'
        '"latency_ms": [1.0, 2.0]}}}'
    )
    assert baseline_from_json(text, "b.json").networks["n"].latency_ms == (1.0, 2.0)


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(baseline_to_json(BASELINE)) | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b.json: damaged baseline: no JSON"),
        (baseline_to_json(BASELINE)[:-20], "b.json: damaged baseline: no JSON"),
        ("[" * 100_000, "b.json: damaged baseline: no JSON"),
        ("[]", "b.json: no baseline: its schema is None"),
        ('{"schema": "mbconv.report/1"}', "b.json: no baseline: its schema is 'mbconv.report/1'"),
        (
            changed(schema="mbconv.baseline/2"),
            "b.json: a baseline of schema mbconv.baseline/2, written by a newer",
        ),
        (changed(networks={"a": {}}), "b.json: damaged baseline: networks.a.name: Field required"),
        (changed(networks=None), "b.json: damaged baseline: networks"),
        (changed(more=1), "b.json: damaged baseline: more"),
        (changed(fingerprint={"cores": 1.5}), "b.json: damaged baseline: fingerprint.cores"),
    ],
)
def test_what_is_no_sound_baseline_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        baseline_from_json(text, "b.json")
    assert refused.value.sentences[0].startswith(message)


@pytest.mark.parametrize("times", [[0.0, 1.0], [float("nan"), 1.0], [-1.0, 1.0], [1.0], ["1", "2"]])
def test_latencies_that_none_can_be(times: list[object]) -> None:
    document = json.loads(baseline_to_json(BASELINE))
    document["networks"]["a.yaml"]["latency_ms"] = times
    with pytest.raises(InputError, match=r"damaged baseline: networks\.a\.yaml\.latency_ms"):
        baseline_from_json(json.dumps(document), "b.json")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such baseline"):
        read_baseline(tmp_path / "b.json")
    with pytest.raises(InputError, match="Is a directory"):
        read_baseline(tmp_path)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="utf-8"):
        read_baseline(tmp_path / "b.json")


class FailsAt:
    """Lets so many system calls of the writer through, and fails at the next one, as a killed process would."""

    def __init__(self, allowed: int, error: BaseException) -> None:
        self.allowed, self.error, self.calls = allowed, error, 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls > self.allowed:
                raise self.error
            return call(*arguments, **options)

        return counted


STEPS = ("open", "fsync", "chmod", "replace", "rename")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_the_old_baseline_survives_a_failure_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path, old = tmp_path / "b.json", baseline_to_json(BASELINE)
    path.write_text(old, encoding="utf-8")
    new = baseline_to_json(BASELINE.model_copy(update={"networks": {}}))
    survived = 0
    for allowed in range(50):
        failure = FailsAt(allowed, error)
        with monkeypatch.context() as patched:
            for step in STEPS:
                patched.setattr(os, step, failure.around(getattr(os, step)))
            try:
                write_atomically(path, new)
            except (InputError, KeyboardInterrupt):
                survived += 1
        if failure.calls <= allowed:
            break
        assert baseline_from_json(path.read_text(encoding="utf-8"), "b.json") == BASELINE
        assert list(tmp_path.iterdir()) == [path]
    assert survived >= 4  # it was made to fail at open, fsync, chmod and replace
    assert path.read_text(encoding="utf-8") == new


def test_a_killed_writer_leaves_the_old_baseline(tmp_path: Path) -> None:
    """A process that ends in the middle of writing, without any clean-up."""
    path = tmp_path / "b.json"
    path.write_text(baseline_to_json(BASELINE), encoding="utf-8")
    child = os.fork()
    if child == 0:
        os.fsync = lambda _: os._exit(9)  # type: ignore[assignment]
        write_atomically(path, "new")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert read_baseline(path) == BASELINE
