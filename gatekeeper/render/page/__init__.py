"""The report as one self-contained HTML page: no script, no request, the same bytes for the same report."""
