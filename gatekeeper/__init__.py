"""gatekeeper decides whether a next-embedding model may be deployed."""

__version__ = "0.1.0"

DISTRIBUTION = "gatekeeper"
"""What installers call it."""
