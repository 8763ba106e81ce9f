"""Decisions in the formats of CI systems."""
