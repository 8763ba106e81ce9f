"""Gate D as pictures."""

from gatekeeper.render.page.rollout import rollout
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import make_evidence


def test_a_picture_for_each_split_with_the_controls_and_the_required_mean() -> None:
    plot = rollout(report_of())
    assert [each.title for each in plot.drawings] == ["Rollout on val", "Rollout on ood"]
    words = written(plot.drawings[0])
    assert words[words.index("model") :] == ["model", "copy_last", "mean_context", "required mean"]
    assert [word for word in words if word.isdigit()] == ["1", "2", "3", "4", "5"]
    assert plot.drawings[0].description.startswith("Mean cosine of the model: step 1 0.")


def test_the_table_has_steps_and_mean_of_model_and_controls() -> None:
    table = rollout(report_of()).table
    assert table.headers == ("", *(f"step {step}" for step in range(1, 6)), "mean of the steps")
    assert [row[0] for row in table.rows] == [
        f"{who} on {split}" for split in ("val", "ood") for who in ("model", "copy_last", "mean_context")
    ]


def test_a_step_that_is_undefined_is_left_out_of_the_curve() -> None:
    evidence = make_evidence(undefined={("rollout.cos@5", "val"): "no window fits"})
    drawn = rollout(report_of(evidence)).drawings[0]
    assert "step 4 " in drawn.description
    assert "step 5 " not in drawn.description


def test_without_any_step_there_is_no_picture() -> None:
    plot = rollout(report_of(without(make_evidence(), "rollout.")))
    assert plot.drawings == ()
    assert len(plot.absent) == 2
