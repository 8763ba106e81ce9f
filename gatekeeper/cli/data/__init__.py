"""The commands of gatekeeper data."""
