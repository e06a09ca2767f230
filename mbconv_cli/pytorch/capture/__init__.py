"""Any module as a Plan: how it is made, exported, named, counted and run."""
