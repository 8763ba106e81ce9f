"""The bundled data: text in the public domain with all-MiniLM-L6-v2 vectors (384, float16).

===============  ==================================================================================
``speeches``     122 speeches of US presidents, 9302 chunks of about 50 words. 65 State of the Union
                 addresses (1945 to 2006) are train and val, 57 inaugural addresses (1789 to 2021) ood
``books``        357 chapters of nine novels, 18,233 chunks. Of five, train, val and ood each hold
                 chapters; four by other authors are ``strangers``, which is no split until somebody
                 names it: ``--ood strangers``
===============  ==================================================================================

Which article belongs to which split is stored in the file; ``scripts/build_speeches.py`` and
``scripts/build_books.py`` decide it.
"""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from gatekeeper.config.bundled import DEFAULT
from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.formats.npz import open_npz
from gates.contracts import Bank, IntArray
from schemas.errors import DataError


@dataclass(frozen=True, eq=False)
class BundledData:
    """A bundled data set.

    Attributes:
        bank: its vectors and texts; ``bank.source`` is the data set's name.
        splits: name -> articles, ascending; names that are no split of an evaluation too.
    """

    bank: Bank
    splits: dict[str, IntArray]


def read_bundled(name: str = DEFAULT) -> BundledData:
    """Read a bundled data set.

    Args:
        name: a key of :data:`gatekeeper.config.bundled.BUNDLED`.

    Raises:
        DataError: the installation lacks the file, or it is broken.
    """
    with resources.as_file(resources.files("gatekeeper.data.formats") / f"{name}.npz") as path:
        bank = read_bank(path, source=name)
        with open_npz(path) as npz:
            names = npz.array("article_split")
    articles = np.unique(bank.articles)
    if names.shape != articles.shape:
        raise DataError(f"{name}: expected a split for each of {len(articles)} articles; install again")
    return BundledData(bank, {str(split): articles[names == split] for split in np.unique(names)})
