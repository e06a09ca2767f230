"""`mbconv explain`: what blocks are and what networks cost, in sentences computed from their own figures."""
