"""The file of `--resume`: every turn as a line of JSON as soon as it is measured, for the same command to go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.report.model import Cell

SCHEMA: Final = "mbconv.turn/3"
OF_THE_HOST: Final = ("cpu", "architecture", "cores", "usable_cores")
OF_TORCH: Final = ("torch", "cuda", "instruction_set")
"""Parts of a fingerprint that all turns of a file share; threads and device are part of a turn's key."""

TurnKey: TypeAlias = tuple[str, int]
"""(digest of a network in its form, round)."""


class KeptTurns:
    """Turns of earlier runs on this machine, and a place for new ones; in memory alone without a file.

    Args:
        path: of the file; what is there is read. A last line that was broken off is taken away.
        host: the fingerprint of the machine that is measured on, without torch; this machine's if absent.

    Raises:
        InputError: it holds something else, or the turns of another machine, or cannot be written.
    """

    def __init__(self, path: Path | None, host: Mapping[str, Cell] | None = None) -> None:
        self.turns: dict[TurnKey, Turn] = {}
        self._path = path
        self._host = dict(host or host_fingerprint())
        self._shared: dict[str, Cell] = {key: self._host[key] for key in OF_THE_HOST}
        if path is not None:
            require_place(path)
            if path.exists():
                self._read(path)

    def add(self, key: TurnKey, name: str, turn: Turn) -> None:
        """Keep a turn, at once.

        Args:
            key: as `turn_key` gives it.
            name: of the network, for who reads the file.
            turn: what was measured.

        Raises:
            InputError: it was measured with another torch than those of the file.
        """
        machine = self._host | turn.machine
        self._require_alike(there=self._shared, here=machine)
        self.turns[key] = replace(turn, machine=machine)
        if self._path is not None:
            line = _line(key, name, turn, machine)
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")

    def _read(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"--resume {path}: {error.strerror or error}") from error
        whole = content[: content.rfind(b"\n") + 1]
        if content and not whole:
            raise InputError(f"--resume {path}: holds no measured turns; choose another file")
        for number, line in enumerate(whole.decode(errors="replace").splitlines(), start=1):
            key, turn = _parsed(line, f"--resume {path}:{number}")
            self._require_alike(there=turn.machine, here=self._shared)
            self.turns[key] = turn
        if len(whole) < len(content):
            path.write_bytes(whole)

    def _require_alike(self, *, there: Mapping[str, Cell], here: Mapping[str, Cell]) -> None:
        """Refuse turns of two machines; what one of them does not have yet is not compared."""
        for key in (*OF_THE_HOST, *OF_TORCH):
            if key in there and key in here and there[key] != here[key]:
                raise InputError(
                    f"--resume {self._path}: was measured with {key} {there[key]!r}, and here it is {here[key]!r}; "
                    "latencies of two machines are not compared: choose another file"
                )
            if key in there or key in here:
                self._shared.setdefault(key, there.get(key, here.get(key)))


def turn_key(network: OpenNetwork, execution: Execution, threads: int, device: DeviceChoice, index: int) -> TurnKey:
    """What a turn is kept under: it changes with all that is computed, where, and in which form.

    Args:
        network: what runs.
        execution: the form.
        threads: how many compute, where the form leaves that open.
        device: where torch runs it.
        index: the round.
    """
    settings = replace(execution, threads=threads).settings() | {"batch_size": execution.batch_size}
    where = [device.type, device.index]
    content = json.dumps([network.plan.name, network.sha256, network.plan.input_shape, settings, where], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32], index


def _line(key: TurnKey, name: str, turn: Turn, machine: Mapping[str, Cell]) -> dict[str, Any]:
    digest, index = key
    return {
        "schema": SCHEMA,
        "network": name,
        "digest": digest,
        "round": index,
        "latency_ms": turn.latency_ms,
        "reference_ms": turn.reference_ms,
        "passes": turn.passes,
        **({"layers_ms": turn.layers_ms} if turn.layers_ms else {}),
        **({} if turn.launched_ms is None else {"launched_ms": turn.launched_ms}),
        "machine": dict(machine),
    }


def _require_schema(schema: object) -> None:
    if schema != SCHEMA:
        raise ValueError(schema)


def _parsed(line: str, place: str) -> tuple[TurnKey, Turn]:
    try:
        found = json.loads(line)
        _require_schema(found["schema"])
        turn = Turn(
            float(found["latency_ms"]),
            int(found["passes"]),
            dict(found["machine"]),
            None if found["reference_ms"] is None else float(found["reference_ms"]),
            tuple(map(float, found.get("layers_ms", ()))),
            launched_ms=float(found["launched_ms"]) if "launched_ms" in found else None,
        )
        return (str(found["digest"]), int(found["round"])), turn
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: is no measured turn; choose another file") from error
