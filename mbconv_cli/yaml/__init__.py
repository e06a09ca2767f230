"""YAML 1.2 text with the position of every key and value."""
