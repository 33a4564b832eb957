"""What computes a network's features: one file for each engine, chosen by `engine` and `precision`."""
