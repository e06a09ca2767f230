"""The machine that measures: its fingerprint, its load and its memory."""
