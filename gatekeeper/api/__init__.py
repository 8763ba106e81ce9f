"""What programs and notebooks call; nothing here prints, and only what says so writes."""
