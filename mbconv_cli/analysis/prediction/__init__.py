"""Latency without measuring: a table of ops measured within their networks, and a small model for each kind of op."""
