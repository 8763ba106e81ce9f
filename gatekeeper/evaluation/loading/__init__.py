"""Models from files and from the user's own code."""
