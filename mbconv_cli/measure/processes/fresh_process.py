"""The process that `launch` starts: it imports one function, reads its arguments, and reports the result.

Its first argument names the function, `module:function`; the arguments are a pickled tuple and a dictionary on
standard input. What libraries print goes to standard error, since standard output belongs to the messages.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, BinaryIO, Final

from mbconv_cli.errors import MbconvError
from mbconv_cli.measure.processes.process_messages import Interrupted, Message, Ready, Refused, Returned, Underway

PROGRESS_STEP: Final = 0.02


def main() -> None:
    """Answer one call."""
    messages = _standard_output()
    function = resolve_name(sys.argv[1])
    _send(messages, Ready())
    _send(messages, _answer(function, _report_sometimes(messages)))


def _answer(function: Callable[..., Any], progress: Callable[[float], None]) -> Message:
    try:
        positional, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
        return Returned(function(*positional, **named, progress=progress))
    except MbconvError as error:
        return Refused(error.problems, error.exit_code)
    except KeyboardInterrupt:
        return Interrupted()


def _report_sometimes(messages: BinaryIO) -> Callable[[float], None]:
    """Progress as messages, one for every few percent: short rounds come by the thousand."""
    reported = 0.0

    def progress(done: float) -> None:
        nonlocal reported
        if done >= reported + PROGRESS_STEP:
            reported = done
            _send(messages, Underway(done))

    return progress


def _standard_output() -> BinaryIO:
    """The pipe to the process that started this one; prints no longer reach it."""
    messages = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return messages


def _send(messages: BinaryIO, message: Message) -> None:
    pickle.dump(message, messages)
    messages.flush()


if __name__ == "__main__":
    main()
