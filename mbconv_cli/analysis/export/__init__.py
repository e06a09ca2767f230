"""Networks written as something to take away."""
