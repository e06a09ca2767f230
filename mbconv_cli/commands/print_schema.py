"""`mbconv schema`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mbconv_cli.check.config import config_schema
from mbconv_cli.commands.options import OutputOption
from mbconv_cli.commands.output import write_text
from mbconv_cli.errors import InputError
from mbconv_cli.report.report_schema import report_schema
from mbconv_cli.spec.json_schema import json_schema

CheckOption = Annotated[bool, typer.Option("--check", help="Print that of the config of `mbconv check` instead.")]
ReportOption = Annotated[
    bool, typer.Option("--report", help="Print that of a report instead: what `--format json` writes.")
]


def schema_command(check: CheckOption = False, report: ReportOption = False, output: OutputOption = None) -> None:
    """Print the JSON Schema of a network's YAML file, of a config, or of a report.

    Editors that know it complete and check such files as you write.

    For example:

    - `mbconv schema -o mbconv.schema.json`
    - `mbconv schema --report -o report.schema.json`

    and then as the first line of a YAML file:

    - `# yaml-language-server: $schema=mbconv.schema.json`
    """
    if check and report:
        raise InputError("--check and --report are two schemas; leave one of them out")
    schema = config_schema() if check else report_schema() if report else json_schema()
    write_text(json.dumps(schema, indent=2) + "\n", output)
