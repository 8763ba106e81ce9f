"""Keys, envelopes and the statements in them."""
