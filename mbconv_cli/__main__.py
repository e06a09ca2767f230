"""``python -m mbconv_cli`` is the command ``mbconv``."""

import sys


def _run() -> None:
    if not sys.flags.safe_path:  # `-m` has put the current directory there, whose files nobody asked to run
        del sys.path[0]
    from mbconv_cli.cli import main

    main()


if __name__ == "__main__":
    _run()
