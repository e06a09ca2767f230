"""YAML text -> Spec: what a paper's table says, and nothing derived from it."""
