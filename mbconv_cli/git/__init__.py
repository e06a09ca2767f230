"""Files and objects of a git repository, read with the program `git`."""
