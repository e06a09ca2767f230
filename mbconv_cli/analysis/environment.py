"""What machine is this?"""

from __future__ import annotations

from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.machine.fingerprint import host_fingerprint, load_average
from mbconv_cli.machine.threads import thread_choice
from mbconv_cli.pytorch.devices import available_devices, torch_fingerprint
from mbconv_cli.report.model import Column, Report, Section


def environment() -> Report:
    """The fingerprint that reports carry, and the devices there are."""
    devices = available_devices()
    machine = host_fingerprint() | torch_fingerprint(devices[0], thread_choice(None))
    rows = [{"field": key, "value": value} for key, value in machine.items()]
    rows += [{"field": "devices", "value": ", ".join(devices)}, {"field": "load_average", "value": load_average()}]
    section = Section((Column("field"), Column("value")), tuple(rows))
    return Report("environment", provenance(machine=machine), {}, {}, {"machine": section})
