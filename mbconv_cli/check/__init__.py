"""`mbconv check` and `mbconv baseline`: two sides of every network, and what its rules say of them."""
