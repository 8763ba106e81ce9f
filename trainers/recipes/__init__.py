"""The recipes that come with gatekeeper."""
