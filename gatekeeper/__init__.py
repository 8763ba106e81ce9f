"""gatekeeper decides whether a next-embedding model may be deployed."""

__version__ = "0.1.0"

DISTRIBUTION = "gatekeeper-5cat"
"""What installers call it: on the package index the plain name belongs to a stranger."""
