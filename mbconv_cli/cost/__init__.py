"""Plan -> exact numbers, in closed form and without running anything."""
