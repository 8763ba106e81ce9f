"""A survey as text, literally."""

import numpy as np

from gatekeeper.data.audit.defects import Defect, Norms
from gatekeeper.data.audit.survey import survey
from gatekeeper.render.survey import render_defects, render_survey
from gates.contracts import Window
from tests.gatekeeper.data.audit.test_survey import bank_of, surveyed


def test_a_survey_is_rendered_with_every_figure() -> None:
    vectors = np.repeat(np.eye(6)[:2], [5, 8], axis=0)
    bank = bank_of([6, 7], chunks=[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6, 7], vectors=vectors)
    found = survey(
        bank,
        {"train": np.array([1]), "val": np.array([1, 3])},
        Window(2, 1),
        norms=Norms(0.5, 1.0, 2.25),
    )
    # Five chunks are one vector and eight another: of ten adjacent pairs one goes from one to the other.
    assert render_survey(found).split("\n") == [
        "bank.npz: 13 chunks of width 6 in 2 articles",
        "chunks an article: 6 to 7, median 6.5 (quartiles 6.25 and 6.75), mean 6.5",
        "norms as stored: 0.5 to 2.25, median 1",
        "",
        "gaps in chunk indices: 1",
        "  - article 3: chunk 4 is followed by 6",
        "exact duplicates of an earlier chunk: 11",
        "  - article 1 chunk 1 repeats article 1 chunk 0",
        "  - article 1 chunk 2 repeats article 1 chunk 0",
        "  - article 1 chunk 3 repeats article 1 chunk 0",
        "  - article 1 chunk 4 repeats article 1 chunk 0",
        "  - article 3 chunk 0 repeats article 1 chunk 5",
        "  - and 6 more",
        "",
        "distance    mean cosine    95% interval",
        "----------  -------------  ---------------",
        "1           0.900          [-0.371, 2.171]",
        "2           0.857          [-0.715, 2.429]",
        "3           0.800          [-1.275, 2.875]",
        "4           0.667          [-2.328, 3.662]",
        "5           0.000          -",
        "10          -              -",
        "",
        "split    articles    windows    shared articles",
        "-------  ----------  ---------  -----------------",
        "train    1           4          1 with val",
        "val      2           7          -",
    ]


def test_without_norms_and_splits_their_parts_are_left_out() -> None:
    text = render_survey(surveyed(bank_of([9, 9])))
    assert "norms" not in text
    assert "split" not in text
    assert "gaps in chunk indices: none\nexact duplicates of an earlier chunk: none" in text


def test_defects_are_rendered_one_place_a_line() -> None:
    defects = (
        Defect("rows of zeros", 7, ("row 1 (article 2)", "row 2 (article 2)"), fatal=True),
        Defect("gaps", 0, (), fatal=False),
    )
    assert render_defects(defects).split("\n") == [
        "rows of zeros: 7",
        "  - row 1 (article 2)",
        "  - row 2 (article 2)",
        "  - and 5 more",
        "gaps: none",
    ]
