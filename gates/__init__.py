"""The 5CAT engine: pure functions on arrays that measure a next-embedding model."""
