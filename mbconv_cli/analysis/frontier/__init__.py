"""`mbconv frontier`: which networks give the most accuracy for what they cost, and which one fits a budget."""
