"""The arguments and options that commands share, with their help and their completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, get_args

import typer

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES, MIN_PROCESSES
from mbconv_cli.commands.presentation import PANEL as OUTPUT
from mbconv_cli.commands.sizes import parse_extent, parse_output
from mbconv_cli.machine.device_choice import AUTO, DEVICE_TYPES
from mbconv_cli.render.renderers import FORMATS_OF_SUFFIX, RENDERERS, Format, renderers
from mbconv_cli.spec.catalogue import SUFFIXES, user_catalogue
from mbconv_cli.spec.code_reference import ARCHIVE_SUFFIX
from mbconv_cli.spec.library_names import library_references

NETWORK: Final = "Network"
MEASURING: Final = "Measuring"


def complete_override(incomplete: str) -> list[str]:
    """Paths of `--set` that begin so, each with the `=` that a value follows."""
    from mbconv_cli.spec.rows import ROW_TYPES
    from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Spec

    paths: list[str] = []
    for key, field in Spec.model_fields.items():
        models = [each for each in (field.annotation, *get_args(field.annotation)) if _is_section(each)]
        inner = [f"{key}.{name}" for model in models for name in model.model_fields]
        paths += inner or ([] if key in {*DESCRIPTIVE_KEYS, "blocks"} else [key])
    paths += [f"blocks[*].{name}" for model in ROW_TYPES.values() for name in model.model_fields if name != "type"]
    return [f"{path}=" for path in dict.fromkeys(paths) if path.startswith(incomplete)]


def _is_section(kind: object) -> bool:
    from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS
    from mbconv_cli.spec.values import Frozen

    return isinstance(kind, type) and issubclass(kind, Frozen) and kind.__name__.lower() not in DESCRIPTIVE_KEYS


def complete_network(incomplete: str) -> list[str]:
    """Names and YAML files that begin so, and the folders on the way to such files."""
    names = [entry.name for entry in user_catalogue().entries() if entry.name.startswith(incomplete)]
    return names + _files(incomplete, SUFFIXES)


def complete_code(incomplete: str) -> list[str]:
    """Likewise, and code: networks of libraries, Python files and archives that begin so. None of it is run."""
    files = _files(incomplete, (".py", ARCHIVE_SUFFIX))
    return list(dict.fromkeys([*complete_network(incomplete), *library_references(incomplete), *files]))


def complete_network_or_report(incomplete: str) -> list[str]:
    """Likewise, and the JSON files that begin so."""
    names = complete_code(incomplete)
    return list(dict.fromkeys([*names, *_files(incomplete, (".json",))]))


def _files(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    typed, slash, start = incomplete.rpartition("/")
    try:
        entries = sorted(Path(typed + slash).iterdir())
    except (OSError, ValueError):  # no such folder: nothing to offer
        return []
    wanted = [path for path in entries if path.name.startswith(start) and not (path.name[0] == "." and not start)]
    folders = [f"{typed}{slash}{path.name}/" for path in wanted if path.is_dir()]
    return folders + [f"{typed}{slash}{path.name}" for path in wanted if path.suffix in suffixes and path.is_file()]


NetworkArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="A name that `mbconv list` shows, a path to a YAML file, REV:PATH for a file as of a git revision, or - "
        "for standard input.",
        autocompletion=complete_network,
        show_default=False,
    ),
]
CodeArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="A name that `mbconv list` shows, a path to a YAML file, REV:PATH for a file as of a git revision, or - "
        "for standard input. Or code, which is run: timm:NAME, torchvision:NAME, FILE.py:CALLABLE, MODULE:CALLABLE or "
        "FILE.pt2.",
        autocompletion=complete_code,
        show_default=False,
    ),
]
CodesArgument: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="NETWORK",
        help="A name that `mbconv list` shows, a path to a YAML file, REV:PATH for a file as of a git revision, or - "
        "for standard input. Or code, which is run: timm:NAME, torchvision:NAME, FILE.py:CALLABLE, MODULE:CALLABLE or "
        "FILE.pt2. Several are shown side by side.",
        autocompletion=complete_code,
        show_default=False,
    ),
]
ArgOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--arg",
        metavar="NAME=VALUE",
        help="An argument for the code that makes the network, e.g. depth=2; may be given several times.",
        show_default=False,
    ),
]
InputOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="SHAPE",
        help="An input of a network that is code, with the batch: 1x3x224x224, or ids=2x128:int64; may be given "
        "several times.",
        show_default="the library's",
    ),
]
ResolutionOption: TypeAlias = Annotated[
    Any,  # an Extent, as `parse_extent` makes it; typer takes no tuples from one word
    typer.Option(
        "--resolution",
        rich_help_panel=NETWORK,
        metavar="PIXELS",
        parser=parse_extent,
        help="Height and width in pixels: 224, or 320x640.",
        show_default="the network's",
    ),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        rich_help_panel=NETWORK,
        autocompletion=complete_override,
        metavar="PATH=VALUE",
        help="Change the network first, e.g. activation=relu or blocks[*].se_ratio=0; may be given several times.",
        show_default=False,
    ),
]
DeviceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--device",
        rich_help_panel=MEASURING,
        metavar="DEVICE",
        help="auto (an accelerator if there is one), cpu, cuda, cuda:N, mps or xpu.",
        show_default=AUTO,
        autocompletion=lambda: [AUTO, *DEVICE_TYPES],
    ),
]
BatchOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--batch-size", metavar="N", min=1, max=1_000_000, help="Images in a batch; MACs and bytes are the batch's."
    ),
]
ThreadsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threads",
        rich_help_panel=MEASURING,
        metavar="N",
        min=1,
        max=1_024,
        help="Threads on the CPU.",
        show_default="all cores but one, 8 at most",
    ),
]
MeasureOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--measure/--no-measure",
        help="Build it in PyTorch and measure, in several fresh processes.",
        rich_help_panel=MEASURING,
    ),
]
ProcessesOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--processes",
        rich_help_panel=MEASURING,
        metavar="N",
        min=MIN_PROCESSES,
        max=1_000,
        help="Fresh processes to measure in; more make the interval narrower.",
        show_default=str(DEFAULT_PROCESSES),
    ),
]


def _one_of(valid: Iterable[Format]) -> Callable[[str], Format]:
    """Takes the name of a format, in any case, if it is one of some."""
    names = list(map(str, valid))

    def parse(text: str) -> Format:
        if text.lower() not in names:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, names))}")
        return Format(text.lower())

    return parse


def _format_option(valid: Iterable[Format]) -> Any:
    """`--format` with those formats that a command's report can be written in."""
    formats = (Format.AUTO, *valid)
    names = list(map(str, formats))
    return typer.Option(
        "--format",
        rich_help_panel=OUTPUT,
        metavar="FORMAT",
        parser=_one_of(formats),
        autocompletion=lambda: names,
        help=f"{', '.join(names[1:-1])} or {names[-1]}.",
        show_default="by the suffix of -o FILE, else table",
    )


FormatOption: TypeAlias = Annotated[Format, _format_option(RENDERERS)]
ShowFormatOption: TypeAlias = Annotated[Format, _format_option((*RENDERERS, Format.YAML))]
ProfileFormatOption: TypeAlias = Annotated[Format, _format_option(renderers("profile"))]
PlotFormatOption: TypeAlias = Annotated[Format, _format_option(renderers("frontier"))]
CheckFormatOption: TypeAlias = Annotated[Format, _format_option(renderers("check"))]
OutputOption: TypeAlias = Annotated[
    Any,  # a Path, or None for standard output
    typer.Option(
        "--output",
        "-o",
        rich_help_panel=OUTPUT,
        metavar="FILE",
        parser=parse_output,
        help=f"Write into this file, atomically; its suffix ({', '.join(FORMATS_OF_SUFFIX)}) chooses the format. "
        "A folder takes all tables as CSV files, and - is standard output.",
        show_default="standard output",
    ),
]
TextOutputOption: TypeAlias = Annotated[
    Any,  # likewise
    typer.Option(
        "--output",
        "-o",
        rich_help_panel=OUTPUT,
        metavar="FILE",
        parser=parse_output,
        help="Write into this file, atomically; - is standard output.",
        show_default="standard output",
    ),
]
SectionOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="NAME",
        help="The table that CSV has.",
        show_default="the first one",
        rich_help_panel=OUTPUT,
    ),
]
ArchDirOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--arch-dir",
        rich_help_panel=NETWORK,
        metavar="FOLDER",
        help="A folder of your own YAML files, whose names then count too; may be given several times. "
        "The environment variable MBCONV_ARCH_PATH names such folders as well.",
        show_default=False,
    ),
]
