"""One file a command; ``gatekeeper.cli`` assembles them."""
