"""From bytes to records: strict, bounded, checked against the schema and themselves."""
