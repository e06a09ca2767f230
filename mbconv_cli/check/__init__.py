"""`mbconv check` and `mbconv baseline`: two sides of every network, judged by its rules."""
