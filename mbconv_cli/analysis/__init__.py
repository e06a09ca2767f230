"""One file for each question that a user asks: Plans in, a Report out."""
