"""The block types: one file each, and one line each in the registry."""
