"""What repeats over documents: headers, footers, licences, menus, the cookies of every page.

A paragraph is boilerplate where it stands, white space aside, in at least 3 documents and in at least 5% of
them. Documents that are copies of one another count once, so a copied article is no boilerplate; the audit
tells of it. What stands in one document alone is never boilerplate.

Two passes over the texts and eight bytes a paragraph are all it takes, however large the corpus is.
"""

import hashlib
import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.documents.paragraphs import paragraph_spans

FEWEST, SHARE = 3, 0.05


@dataclass(frozen=True)
class Boilerplate:
    """The paragraphs that repeat.

    Attributes:
        keys: of each.
        documents: in how many a paragraph must stand to be one.
    """

    keys: frozenset[int]
    documents: int

    def __contains__(self, paragraph: str) -> bool:
        """Whether a paragraph is one of them."""
        return bool(self.keys) and paragraph_key(paragraph) in self.keys


def find_boilerplate(texts: Iterable[str]) -> Boilerplate:
    r"""Find the paragraphs that repeat over documents.

    Example:
        >>> pages = [f"Menu\n\nPage {number}." for number in range(3)]
        >>> found = find_boilerplate(pages)
        >>> "Menu" in found, "Page 1." in found
        (True, False)
    """
    keys, seen = array("Q"), set[bytes]()
    for text in texts:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest not in seen:
            seen.add(digest)
            keys.extend({paragraph_key(text[start:end]) for start, end in paragraph_spans(text)})
    documents = max(FEWEST, math.ceil(SHARE * len(seen)))
    ordered = np.frombuffer(keys, dtype=np.uint64)
    ordered.sort()
    # Where the same key stands so many places on, it stands in so many documents.
    ends = ordered[documents - 1 :]
    repeated = np.unique(ends[ends == ordered[: len(ends)]])
    return Boilerplate(frozenset(repeated.tolist()), documents)


def paragraph_key(paragraph: str) -> int:
    """64 bits of a paragraph, white space aside."""
    plain = " ".join(paragraph.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "little")
