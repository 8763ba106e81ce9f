"""Worlds whose best predictor is known."""
