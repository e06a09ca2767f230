"""`mbconv diff`: two networks aligned by what they compute, and what lies between them."""
