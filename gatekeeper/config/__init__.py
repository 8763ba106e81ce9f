"""What people configure: the file, its keys, lists of articles, and where outputs may go."""
