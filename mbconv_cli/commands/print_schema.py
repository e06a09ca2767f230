"""`mbconv schema`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mbconv_cli.check.config import config_schema
from mbconv_cli.commands.options import OutputOption
from mbconv_cli.commands.output import write_text
from mbconv_cli.spec.json_schema import json_schema

CheckOption = Annotated[bool, typer.Option("--check", help="Of the config of `mbconv check` instead.")]


def schema_command(check: CheckOption = False, output: OutputOption = None) -> None:
    """Print the JSON Schema of a network's YAML file.

    Editors that know it complete and check such files as you write.

    For example:

    - `mbconv schema -o mbconv.schema.json`

    and then as the first line of a YAML file:

    - `# yaml-language-server: $schema=mbconv.schema.json`
    """
    text = json.dumps(config_schema() if check else json_schema(), indent=2) + "\n"
    write_text(text, output)
