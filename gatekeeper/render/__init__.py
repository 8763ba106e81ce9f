"""Text made from a report. Nothing here computes a number or a verdict."""
