"""The measuring instrument, free of torch: passes and budgets, statistics, and fresh processes."""
