"""What every layer of an efficient convolutional network costs: parameters, MACs, bytes, milliseconds."""

__version__ = "0.1.0"
