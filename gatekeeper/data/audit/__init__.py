"""What is wrong with data, and whether a model can work on it."""
