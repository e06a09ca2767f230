"""`mbconv compare-kernels`, `compare-blocks` and `ablate`: variants of a design beside each other."""
