"""Built-in architectures; each file holds one concept and is registered in ``pyproject.toml``."""
