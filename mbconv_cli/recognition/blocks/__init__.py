"""One recogniser for each block type of `plan/blocks/`."""
