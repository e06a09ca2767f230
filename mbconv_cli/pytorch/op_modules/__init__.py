"""The modules of ops, by family; `pytorch/modules.py` chooses among them."""
