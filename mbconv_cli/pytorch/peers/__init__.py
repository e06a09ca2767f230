"""The modules of torchvision and timm and the counts of other tools, held against the Plan."""
