"""`mbconv sweep`: every point of a design space, its exact costs, and the front of the best ones."""
