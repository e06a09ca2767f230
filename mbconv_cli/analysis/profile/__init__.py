"""`mbconv profile`: what every layer of one network costs, exactly and as measured."""
