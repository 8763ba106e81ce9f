"""Articles that run backwards are found by what can tell, and nothing is claimed where nothing can."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from gatekeeper.data.audit.reading_order import Reversals, find_reversed
from gatekeeper.data.formats.bundled import read_bundled
from gatekeeper.data.synthetic.directed import directed_bank
from gatekeeper.data.synthetic.worlds import FORWARD, build_world
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, Window
from gates.direction import learned_direction
from gates.windows import window_rows

TURNED = (3, 50)


def looked_at(bank: Bank, *, fitted: Sequence[int] | None = None, context: int = 5) -> Reversals:
    articles = np.unique(bank.articles)
    first = articles[::2] if fitted is None else np.array(fitted)
    rest = np.setdiff1d(articles, first)
    fit_rows, test_rows = (window_rows(bank, half, Window(context, 1)) for half in (first, rest))
    direction = learned_direction(bank, fit_rows, test_rows, context=context, confidence=0.95, seed=0)
    return find_reversed(bank, fit_rows, test_rows, direction, context=context, seed=0)


def turned(bank: Bank, articles: Sequence[int]) -> Bank:
    """The bank with the chunks of some articles in reverse order, texts included."""
    order = np.arange(bank.rows)
    for article in articles:
        rows = np.flatnonzero(bank.articles == article)
        order[rows] = rows[::-1]
    return build_bank(
        bank.vectors[order],
        bank.articles,
        bank.chunks,
        source="turned",
        texts=None if bank.texts is None else [bank.texts[row] for row in order.tolist()],
    )


def cut_anew(bank: Bank) -> Bank:
    """The speeches in chunks that end anywhere, as by a splitter that counts words."""
    assert bank.texts is not None
    texts: list[str] = []
    for article in np.unique(bank.articles):
        rows = np.flatnonzero(bank.articles == article)
        words = " ".join(bank.texts[row] for row in rows.tolist()).split()
        places = np.linspace(0, len(words), len(rows) + 1).astype(int).tolist()
        texts += [" ".join(words[a:b]) for a, b in itertools.pairwise(places)]
    return build_bank(bank.vectors, bank.articles, bank.chunks, source="cut", texts=texts)


@pytest.fixture(scope="module")
def cut() -> Bank:
    return cut_anew(read_bundled().bank)


# By texts.


def test_sentences_that_go_on_in_the_chunk_before_tell_a_reversed_article(cut: Bank) -> None:
    whole = looked_at(cut)
    assert whole == Reversals(("the texts",), ())
    found = looked_at(turned(cut, TURNED))
    assert found.by == ("the texts",)
    assert [each.article for each in found.articles] == list(TURNED)
    assert all(
        " pairs of neighbours go on in each other only backwards, " in each.evidence
        for each in found.articles
    )


def test_text_cut_at_the_ends_of_sentences_tells_nothing() -> None:
    speeches = read_bundled().bank
    assert looked_at(speeches) == Reversals((), ())
    assert looked_at(turned(speeches, TURNED)) == Reversals((), ())


def small(texts: Sequence[Sequence[str]], chunks: Sequence[Sequence[int]] | None = None) -> Bank:
    places = [list(range(len(article))) for article in texts] if chunks is None else chunks
    rows = [text for article in texts for text in article]
    rng = np.random.default_rng(0)
    return build_bank(
        rng.standard_normal((len(rows), 3)),
        np.repeat(np.arange(len(texts)), [len(article) for article in texts]),
        np.concatenate([np.array(each) for each in places]),
        source="small",
        texts=rows,
    )


RUNNING = ["The first sentence is cut", "inside. Then", "it goes on.", "And ends here."] * 5
BACK = RUNNING[::-1]


def test_what_counts_is_that_one_chunk_ends_where_the_next_begins() -> None:
    found = looked_at(small([RUNNING] * 9 + [BACK]), context=2)
    assert [(each.article, each.evidence) for each in found.articles] == [
        (9, "19 pairs of neighbours go on in each other only backwards, 0 only forwards")
    ]


def test_no_sentence_goes_on_across_a_gap() -> None:
    # A chunk is missing after every first of four, and in the article that runs backwards before it.
    gapped = np.arange(20) + (np.arange(20) + 3) // 4
    back = np.arange(20) + (np.arange(20) + 1) // 4
    found = looked_at(small([RUNNING] * 9 + [BACK], [gapped.tolist()] * 9 + [back.tolist()]), context=2)
    assert [(each.article, each.evidence) for each in found.articles] == [
        (9, "14 pairs of neighbours go on in each other only backwards, 0 only forwards")
    ]


@pytest.mark.parametrize("end", [".", "!", "?", '."', ".)", "…", "。", ".\n", ".*"])
def test_a_sentence_ends_with_its_sign_whatever_closes_after_it(end: str) -> None:
    article = [f"One whole sentence{end}", f"Another one{end}", "a cut", f"one follows{end}"] * 5
    counted = looked_at(small([article] * 10), context=2)
    # Cut pairs join forwards only; whole sentences join in both directions and do not count.
    assert counted == Reversals(("the texts",), ())


# By vectors.


@pytest.fixture(scope="module")
def directed() -> Bank:
    return directed_bank(articles=60, chunks=40, dimension=16, seed=0)


def test_a_directed_world_tells_its_reversed_articles_by_direction(directed: Bank) -> None:
    assert looked_at(directed) == Reversals(("the direction of vectors",), ())
    found = looked_at(turned(directed, TURNED))
    assert found.by == ("the direction of vectors",)
    assert [each.article for each in found.articles] == list(TURNED)


def test_a_world_that_runs_backwards_as_a_whole_tells_the_articles_that_do_not(directed: Bank) -> None:
    others = [article for article in range(60) if article not in TURNED]
    found = looked_at(turned(directed, others))
    assert [each.article for each in found.articles] == list(TURNED)
    assert all(
        each.evidence.endswith("of its 35 windows are taken for their reversal") for each in found.articles
    )


def drifting(seed: int = 0) -> Bank:
    """Articles that all drift the same way: their order can be told, their direction cannot."""
    rng = np.random.default_rng(seed)
    steps = np.linspace(-2.0, 2.0, 40)[:, None] * np.eye(8)[0]
    rows: DoubleArray = np.concatenate([steps + 0.4 * rng.standard_normal((40, 8)) for _ in range(60)])
    return build_bank(rows, np.repeat(np.arange(60), 40), np.tile(np.arange(40), 60), source="drift")


def test_a_drift_that_all_articles_share_tells_the_reversed_ones_by_order() -> None:
    bank = drifting()
    assert looked_at(bank) == Reversals(("the order of vectors",), ())
    found = looked_at(turned(bank, TURNED))
    assert [each.article for each in found.articles] == list(TURNED)
    assert all(
        each.evidence.endswith("of its 35 windows are taken for their reversal") for each in found.articles
    )


@pytest.mark.parametrize("fitted", [range(10), range(0, 60, 2), range(20, 60)])
def test_no_article_is_judged_by_what_was_fitted_on_it(fitted: Sequence[int]) -> None:
    # A classifier that had seen the reversed articles could have learned them by heart.
    found = looked_at(turned(drifting(), TURNED), fitted=list(fitted))
    assert [each.article for each in found.articles] == list(TURNED)


def test_a_world_without_direction_or_order_tells_nothing() -> None:
    world = build_world(FORWARD, source="world")
    rng = np.random.default_rng(0)
    noise = build_bank(rng.standard_normal((world.rows, 8)), world.articles, world.chunks, source="noise")
    assert looked_at(noise) == Reversals((), ())
    assert looked_at(turned(noise, TURNED)) == Reversals((), ())


@pytest.mark.parametrize("seed", range(3))
def test_no_article_of_a_sound_world_is_called_reversed(seed: int) -> None:
    assert looked_at(drifting(seed)).articles == ()
    assert looked_at(directed_bank(articles=40, chunks=25, dimension=8, seed=seed)).articles == ()
