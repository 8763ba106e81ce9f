"""A small policy file in parts."""

HEAD = """
schema_version = "1.0"
name = "mine"
description = "for tests"
decide = "point"
min_gates_passed = 1
min_samples = 10
min_articles = 2
"""
CHECK = """
[[check]]
gate = "rollout"
metric = "rollout.avg_cos"
splits = ["val"]
min = 0.4
"""
