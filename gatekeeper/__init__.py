"""gatekeeper decides whether a next-embedding model may be deployed."""

from gatekeeper.siblings import check_siblings

__version__ = "0.1.0"

check_siblings()
