"""Prefixes that wrappers put before the names of weights: ``module.``, ``_orig_mod.``, ``model.``, any."""

import re
from collections.abc import Collection, Mapping

import torch

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,99}\.")
"""What a report may repeat."""


def without_prefix(
    found: Mapping[str, torch.Tensor], expected: Collection[str]
) -> tuple[str, Mapping[str, torch.Tensor]]:
    """The one prefix that explains all names, and the weights without it.

    It is taken away only where the names do not fit as they are and all of them, no more and no less,
    are the expected ones behind it. A wrapper with weights of its own is another model.

    Args:
        found: the file's weights by name.
        expected: the names that fit.

    Returns:
        The prefix with its dot, "" where there is none, and the weights.
    """
    wanted = set(expected)
    if not wanted or found.keys() == wanted:
        return "", found
    # Two prefixes of one length cannot both begin all names, and the lengths of all names tell the length.
    surplus, rest = divmod(sum(map(len, found)) - sum(map(len, wanted)), len(wanted))
    if rest or surplus < 2 or len(found) != len(wanted):
        return "", found
    prefix = next(iter(found))[:surplus]
    if not _PREFIX.fullmatch(prefix) or any(not name.startswith(prefix) for name in found):
        return "", found
    renamed = {name[surplus:]: tensor for name, tensor in found.items()}
    return (prefix, renamed) if renamed.keys() == wanted else ("", found)
