"""The report contract: JSON Schemas, frozen records, strict parsing and the verdict.

Imports neither torch nor numpy, so that a report can be checked anywhere in milliseconds.
"""
