"""The command line: the only room that imports click or prints."""

from gatekeeper.cli.app import cli

__all__ = ["cli"]
