"""Files of vectors, texts and sequences, read without believing them."""
