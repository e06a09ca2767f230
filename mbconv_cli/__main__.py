"""``python -m mbconv_cli`` is the command ``mbconv``."""

from mbconv_cli.cli import main

if __name__ == "__main__":
    main()
