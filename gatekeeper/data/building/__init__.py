"""From vectors or texts to a data set folder."""
