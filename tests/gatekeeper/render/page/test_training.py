"""The plots of a training, whatever its history holds."""

import re
from dataclasses import replace

import pytest

from gatekeeper.evaluation.extras import Absent, Training
from gatekeeper.render.page.figures import Plot
from gatekeeper.render.page.training import training_plots
from schemas.records.history import Epoch, History
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import history
from trainers.recipes.ramp import Stage, parse_ramp

RAMP = parse_ramp("1:0.02:0.4,3:0.05:1,9:0.1:1")


def plots(told: History, ramp: tuple[Stage, ...] | Absent = RAMP) -> Plot:
    return training_plots(Training(told, ramp))


def without(**fields: object) -> tuple[Epoch, ...]:
    return tuple(replace(epoch, **fields) for epoch in history().epochs)  # type: ignore[arg-type]


def test_every_plot_marks_the_ramp_the_kept_epoch_and_the_collapse() -> None:
    drawn = plots(history()).drawings
    assert [each.title for each in drawn] == [
        "Training: margin by epoch",
        "Training: article R@5 by epoch",
        "Training: bits known by epoch",
        "Training: mean cosine to the target by epoch",
        "Training: λ_eff by epoch",
        "Training: gap by epoch",
    ]
    for each in drawn:
        # The stage that begins after the last epoch is not drawn.
        assert [word for word in written(each) if word.startswith("margin 0")] == [
            "margin 0.02",
            "margin 0.05",
        ]
        assert {"kept", "collapse"} <= set(written(each))
        assert each.description.endswith("Collapse in epoch 3.")
    assert "val: 0.010, 0.050, undefined; ood: 0.000, 0.000, 0.000." in drawn[0].description
    assert "Means of the epochs: 0.100, 0.200, 0.300." in drawn[5].description
    assert "wanted range" in written(drawn[4])


def test_the_table_has_a_row_for_each_epoch_and_split() -> None:
    table = plots(history()).table
    assert [row[:2] for row in table.rows] == [
        (str(epoch), split) for epoch in (1, 2, 3) for split in ("val", "ood")
    ]
    assert table.rows[2][2:8] == ("0.050", "0.000", "0.000", "0.500", "0.01000", "0.200")
    assert table.rows[4][2] == "-"


def test_a_run_that_neither_collapsed_nor_has_a_ramp() -> None:
    plot = plots(history(warnings=(), best_epoch=None, ended=""), ())
    assert plot.absent == ()
    assert "No weights were kept. It has not ended." in plot.lead
    for each in plot.drawings:
        assert not {"kept", "collapse", "margin 0.02"} & set(written(each))


def test_a_ramp_that_is_not_known_is_said() -> None:
    plot = plots(history(), Absent("The ramp is not marked."))
    assert plot.absent[0] == "The ramp is not marked."
    assert not {"margin 0.02", "margin 0.05"} & set(written(plot.drawings[0]))


@pytest.mark.parametrize(
    ("epochs", "drawn", "sentence"),
    [
        ((), 0, "No gates were run between the epochs."),
        (without(mini=None), 2, "No gates were run between the epochs."),
        (without(steps=()), 4, "The collapse watch warned of lambda_at_clamp (1)."),
        (history().epochs[:1], 6, "Collapse in epoch 3: the cosine on val fell from 0.500 to -0.050"),
        (tuple(replace(history().epochs[0], epoch=n) for n in range(1, 301)), 6, "lambda_at_clamp (1)"),
    ],
)
def test_what_was_not_measured_is_not_drawn(epochs: tuple[Epoch, ...], drawn: int, sentence: str) -> None:
    plot = plots(history(epochs=epochs))
    assert len(plot.drawings) == drawn
    assert sentence in " ".join(plot.absent)
    assert not re.search(r"\bnan\b", "".join(each.markup + each.description for each in plot.drawings))


def test_a_recipe_without_a_push_has_no_wanted_range() -> None:
    steps = history().epochs[0].steps[0]
    none = replace(steps, figures={**steps.figures, "lambda_eff": 0.0})
    drawn = plots(history(epochs=without(steps=(none,)))).drawings
    assert "wanted range" not in written(drawn[4])
