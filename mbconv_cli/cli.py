"""The command `mbconv`: registers the commands, one line each."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from mbconv_cli import __version__
from mbconv_cli.commands.ablate_network import ablate_command
from mbconv_cli.commands.compare_blocks import compare_blocks_command
from mbconv_cli.commands.compare_kernels import compare_kernels_command
from mbconv_cli.commands.diff_networks import diff_command
from mbconv_cli.commands.guard import debug, exit_code, guarded
from mbconv_cli.commands.list_networks import list_command
from mbconv_cli.commands.output import print_text
from mbconv_cli.commands.print_environment import env_command
from mbconv_cli.commands.print_schema import schema_command
from mbconv_cli.commands.profile_network import profile_command
from mbconv_cli.commands.show_network import show_command
from mbconv_cli.commands.verify_networks import verify_command
from mbconv_cli.errors import InputError

COLLECT_EVERY: Final = 100_000
"""Objects made between two garbage collections; Python's own 700 costs a short command a tenth of its time."""

app = typer.Typer(
    name="mbconv",
    invoke_without_command=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_text(f"mbconv {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work, before any command
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
    show_debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")] = False,
) -> None:
    """Say what every layer of an efficient convolutional network costs: parameters, MACs, bytes, milliseconds.

    Start with `mbconv list`, then `mbconv profile efficientnet-b0`.
    """
    debug.set(show_debug)
    if context.invoked_subcommand is None:
        raise InputError("no command is given; `mbconv --help` shows all")


app.command("list")(guarded(list_command))
app.command("show")(guarded(show_command))
app.command("profile")(guarded(profile_command))
app.command("compare-kernels")(guarded(compare_kernels_command))
app.command("compare-blocks")(guarded(compare_blocks_command))
app.command("ablate")(guarded(ablate_command))
app.command("diff")(guarded(diff_command))
app.command("verify")(guarded(verify_command))
app.command("schema")(guarded(schema_command))
app.command("env")(guarded(env_command))


def main() -> None:
    """The entry point."""
    sys.exit(exit_code(lambda: app(prog_name="mbconv", args=sys.argv[1:], standalone_mode=False)))
