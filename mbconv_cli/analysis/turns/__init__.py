"""Networks measured in turn over fresh processes, kept in a file, and put together as latencies with intervals."""
