"""Shared text as an audit shows it."""

import numpy as np

from gatekeeper.render.audit import render_audit
from gates.contracts import Bank
from tests.gatekeeper.data.audit.audits import CHUNKS, audited, bank_of, with_copies

# Examples of shared text.


def test_shared_text_is_shown_on_one_line_and_cut(forward: Bank) -> None:
    copied = with_copies(forward, train=3, val=40, count=60)
    long = "  many \n\t words, é " * 100
    bank = bank_of(copied.vectors.astype(np.float64), texts=[long] * copied.rows)
    (pair,) = audited(bank).leaks.pairs
    assert pair.example == ("many words, é " * 100)[:400]
    shown = render_audit(audited(bank)).split("\n")
    expected = (
        f"  - article 3 (train) and article 40 (val) share 60 (100%), cosine 1.000: {pair.example[:80]}"
    )
    assert expected in shown


def test_of_many_pairs_the_first_twenty_are_listed_and_the_others_counted(forward: Bank) -> None:
    vectors = forward.vectors.astype(np.float64)
    vectors[10 * CHUNKS + np.arange(7) * CHUNKS] = vectors[0]  # eight articles: 28 pairs
    found = audited(bank_of(vectors))
    assert (len(found.leaks.pairs), found.leaks.more) == (20, 8)
    assert "  - and 8 more pairs of articles" in render_audit(found).split("\n")
    assert found.problems == ()
