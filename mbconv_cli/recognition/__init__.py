"""Plan -> Spec: what a paper would print of these ops."""
