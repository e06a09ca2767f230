"""Report -> text: one file for each format. Knows reports, and nothing of how they come about."""
