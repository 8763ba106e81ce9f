"""Files and folders that are written whole, opened with care, and locked."""
