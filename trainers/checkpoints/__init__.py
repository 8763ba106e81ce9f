"""Models on disk, read without running what is in them."""
