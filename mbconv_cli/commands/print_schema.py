"""`mbconv schema`."""

from __future__ import annotations

import json

from mbconv_cli.commands.options import OutputOption
from mbconv_cli.commands.output import write_text
from mbconv_cli.spec.json_schema import json_schema


def schema_command(output: OutputOption = None) -> None:
    """Print the JSON Schema of a network's YAML file.

    Editors that know it complete and check such files as you write.

    For example:

    - `mbconv schema -o mbconv.schema.json`

    and then as the first line of a YAML file:

    - `# yaml-language-server: $schema=mbconv.schema.json`
    """
    text = json.dumps(json_schema(), indent=2) + "\n"
    write_text(text, output)
