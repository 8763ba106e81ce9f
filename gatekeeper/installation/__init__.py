"""Are the four packages the ones that were installed? Nothing else of ours is imported here."""
