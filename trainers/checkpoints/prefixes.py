"""Prefixes that wrappers put before the names of weights: ``module.``, ``_orig_mod.``, ``model.``, any."""

import re
from collections.abc import Collection, Mapping

import torch

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,99}\.")
"""What a report may repeat."""


def without_prefix(
    found: Mapping[str, torch.Tensor], expected: Collection[str], spare: Collection[str] = ()
) -> tuple[str, Mapping[str, torch.Tensor]]:
    """The one prefix that explains all names, and the weights without it.

    It is taken away only where the names do not fit as they are and all of them, no more and no less,
    are the expected ones behind it. A wrapper with weights of its own is another model.

    Args:
        found: the file's weights by name.
        expected: the names that fit.
        spare: those among them that may be missing.

    Returns:
        The prefix with its dot, "" where there is none, and the weights.
    """
    wanted, needed = set(expected), set(expected).difference(spare)
    if not wanted or needed <= found.keys() <= wanted:
        return "", found
    first = next(iter(found), "")
    for dot in re.finditer(r"\.", first):
        prefix = first[: dot.end()]
        if _PREFIX.fullmatch(prefix) and all(name.startswith(prefix) for name in found):
            renamed = {name[len(prefix) :]: tensor for name, tensor in found.items()}
            if needed <= renamed.keys() <= wanted:
                return prefix, renamed
    return "", found
