"""Banks, sequence files and texts: read, built, audited, and worlds with a known answer."""
