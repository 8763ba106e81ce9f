"""Pluggable trainers and architectures, found through entry points."""
