"""Card files as objects: the closed vocabulary of conditions, the card definition, the loader and its checks."""
