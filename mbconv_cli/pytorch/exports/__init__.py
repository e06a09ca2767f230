"""Built networks as files that other programs read, each compared with what it was made from."""
