"""The command `mbconv`: its commands, one line each. Only the one that is called is loaded."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from mbconv_cli import __version__
from mbconv_cli.commands.guard import INTERRUPTED, debug, exit_code, guarded
from mbconv_cli.commands.output import print_text, say, style_of_stdout
from mbconv_cli.errors import AssumptionWarning, InputError, did_you_mean

TASKS: Final[Mapping[str, Mapping[str, str]]] = {
    "Look at a network": {
        "list": "list_networks.list_command",
        "show": "show_network.show_command",
        "profile": "profile_network.profile_command",
        "explain": "explain_subject.explain_command",
    },
    "Compare": {
        "diff": "diff_networks.diff_command",
        "compare-kernels": "compare_kernels.compare_kernels_command",
        "compare-blocks": "compare_blocks.compare_blocks_command",
        "ablate": "ablate_network.ablate_command",
    },
    "Choose a network": {
        "frontier": "show_frontier.frontier_command",
        "sweep": "sweep_space.sweep_command",
        "table": "build_table.table",
    },
    "Guard a repository": {
        "check": "check_networks.check_command",
        "baseline": "write_baseline.baseline",
        "history": "show_history.history_command",
        "validate": "validate_specs.validate_command",
    },
    "Take away": {
        "import": "import_network.import_command",
        "export": "export_network.export_command",
    },
    "Inspect the tool": {
        "verify": "verify_networks.verify_command",
        "schema": "print_schema.schema_command",
        "env": "print_environment.env_command",
        "man": "print_manual.man_command",
    },
}
"""Each command's function (or several commands), by its place in `mbconv_cli.commands`, in the order of the help."""

COMMANDS: Final[Mapping[str, str]] = {name: place for commands in TASKS.values() for name, place in commands.items()}

COLLECT_EVERY: Final = 100_000
"""Objects made between two garbage collections; Python's own 700 costs a short command a tenth of its time."""

WIDEST_HELP: Final = 100

SETTINGS: Final[dict[str, Any]] = {
    "rich_markup_mode": "markdown",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class Commands(TyperGroup):
    """The commands, each imported when it is called or when help asks for it: a short one is over in a blink."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options of the program itself and `--help`."""
        return [_without_python_type(parameter) for parameter in super().get_params(ctx)]

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the group's signature
        """Print the commands by task."""
        print_overview()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's signature
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the group's signature
        """The command of a name, or None."""
        return _loaded(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments begin with.

        Raises:
            InputError: there is none of this name; names the nearest.
        """
        known = args[0] in COMMANDS or args[0].startswith("-")
        if not known and not ctx.resilient_parsing:  # a shell that asks for completion gets no complaint
            hint = did_you_mean(args[0], COMMANDS) or "; `mbconv --help` shows all"
            raise InputError(f"no such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)


def _loaded(name: str) -> Any:
    module, _, attribute = COMMANDS[name].rpartition(".")
    found = getattr(import_module(f"mbconv_cli.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return _with_plain_help(group)
    alone = typer.Typer(add_completion=False, **SETTINGS)
    alone.command(name)(guarded(found))
    return _with_plain_help(typer.main.get_command(alone))


def _with_plain_help(command: Any) -> Any:
    """The command and its own commands, whose help shows no type of Python."""
    for one in (command, *getattr(command, "commands", {}).values()):
        own_parameters = one.get_params
        one.get_params = lambda ctx, own=own_parameters: [_without_python_type(each) for each in own(ctx)]
    return command


def _without_python_type(parameter: Any) -> Any:
    """The parameter without `<bool>` or `<str>` in help: a flag takes no value, and an argument has a name."""
    if getattr(parameter, "is_flag", False) and parameter.metavar is None:
        parameter.metavar = ""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        usage = (name if parameter.required else f"[{name}]") + "..." * (parameter.nargs != 1)
        parameter.get_usage_pieces = lambda _: [usage]
        parameter.display_type_rich = lambda ctx: None  # noqa: ARG005 - typer gives it by name
    return parameter


def print_overview() -> None:
    """Print what one can do, as wide as the terminal."""
    from mbconv_cli.commands.command_overview import overview_text

    style = style_of_stdout()
    print_text(overview_text(TASKS, min(style.width or WIDEST_HELP, WIDEST_HELP), color=style.color))


app = typer.Typer(name="mbconv", cls=Commands, invoke_without_command=True, **SETTINGS)


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
    """Costs of every layer of an efficient convolutional network: parameters, MACs, bytes, milliseconds.

    Start with `mbconv list`, then `mbconv profile efficientnet-b0`.
    """
    debug.set(show_debug)
    if context.invoked_subcommand is None:
        print_overview()
        return
    from mbconv_cli.commands.user_defaults import defaults_for

    context.default_map = defaults_for(context.invoked_subcommand, COMMANDS, Path())


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """A warning as one line on standard error where it is about a network, else as Python shows it."""
    if issubclass(category, AssumptionWarning):
        say(f"mbconv: warning: {message}")
    else:
        _PYTHON_SHOWS(message, category, *place, **more)


_PYTHON_SHOWS: Final = warnings.showwarning


def main() -> None:
    """The entry point."""
    gc.set_threshold(COLLECT_EVERY)
    os.environ["PYTHONSAFEPATH"] = "1"  # no Python started from here looks for modules in the current directory
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # looking for some takes longer than a check of one file
    warnings.showwarning = _show_warning
    code = exit_code(lambda: app(prog_name="mbconv", args=sys.argv[1:], standalone_mode=False))
    if code == INTERRUPTED:
        # Python ends by the signal, not with a code, if Ctrl-C fell into an `exec` of text (as dataclasses run), though
        # it was caught: https://github.com/python/cpython/blob/v3.11.9/Python/pythonrun.c, run_eval_code_obj.
        os._exit(code)
    gc.freeze()  # at its end Python searches what is left for garbage: a third of a second with torch
    sys.exit(code)
