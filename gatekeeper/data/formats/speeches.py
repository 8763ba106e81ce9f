"""The bundled data: 122 speeches of US presidents, public domain.

65 State of the Union addresses (1945 to 2006) are train and val, 57 inaugural addresses (1789 to
2021) are ood. 9302 chunks of about 50 words, all-MiniLM-L6-v2 vectors (384, float16). Which address
belongs to which split is stored in the file; ``scripts/build_speeches.py`` decides it.
"""

from importlib import resources

import numpy as np

from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.formats.npz import open_npz
from gates.contracts import Bank, IntArray
from schemas.errors import DataError

SOURCE = "speeches"
"""How messages and reports call the bundled bank."""

FILE_NAME = "speeches.npz"


def read_speeches() -> tuple[Bank, dict[str, IntArray]]:
    """The bank and the articles of its three splits.

    Raises:
        DataError: the installation lacks the file, or it is broken.
    """
    with resources.as_file(resources.files("gatekeeper.data.formats") / FILE_NAME) as path:
        bank = read_bank(path, source=SOURCE)
        with open_npz(path) as npz:
            names = npz.array("article_split")
    articles = np.unique(bank.articles)
    if names.shape != articles.shape:
        raise DataError(f"{SOURCE}: expected a split for each of {len(articles)} articles; install again")
    return bank, {str(name): articles[names == name] for name in np.unique(names)}
