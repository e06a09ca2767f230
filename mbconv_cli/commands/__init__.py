"""One file for each command: flags in, one call, one render out."""
