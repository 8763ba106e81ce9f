"""Documents as people have them: their text, what repeats over them, and the chunks they are cut into."""
