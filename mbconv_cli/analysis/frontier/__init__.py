"""`mbconv frontier`: several networks between cost and accuracy, and which of them nothing beats."""
