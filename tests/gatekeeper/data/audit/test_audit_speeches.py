"""What an audit says of the bundled speeches."""

import json

import click.testing
import pytest

from gatekeeper.cli.app import cli
from gatekeeper.render.audit import render_audit
from gates.frontier import ALPHAS
from schemas.reading.codec import decode
from schemas.reading.schema import violation
from schemas.records.audit import (
    Audit,
)
from tests.gatekeeper.data.audit.audits import (
    NO_DIRECTION,
    figures,
)

# The bundled speeches.


@pytest.fixture(scope="module")
def spoken() -> click.testing.Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatekeeper.config.file.find_config", lambda folder: None)
        arguments = ["data", "audit", "--horizon", "2", "--format", "json"]
        return click.testing.CliRunner().invoke(cli, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def speech(spoken: click.testing.Result) -> Audit:
    return decode(Audit, json.loads(spoken.stdout), where="audit")


def test_the_speeches_can_decide_the_gates(spoken: click.testing.Result, speech: Audit) -> None:
    assert spoken.exit_code == 0
    assert spoken.stderr == ""
    assert speech.problems == ()


def test_the_json_follows_the_published_schema(spoken: click.testing.Result) -> None:
    value = json.loads(spoken.stdout)
    assert violation("audit", value) is None
    assert value["schema_version"] == "1.0"
    assert (value["source"], value["context"], value["horizon"]) == ("speeches", 5, 2)
    value["verdict"] = "good"
    assert (violation("audit", value) or "").startswith('$: unknown key "verdict"')


def test_the_speeches_have_no_learnable_direction(speech: Audit) -> None:
    rows = figures(speech)
    ahead, behind = rows["ridge forward"].metric.value, rows["ridge backward"].metric.value
    assert ahead is not None
    assert behind is not None
    assert abs(ahead - behind) < 0.005
    assert rows["ridge difference"].metric.value == pytest.approx(ahead - behind, abs=1e-9)
    assert speech.direction == "none"
    assert speech.findings[0] == NO_DIRECTION


def test_the_seeds_delta_is_negative_at_horizon_two_and_the_matched_one_is_not(speech: Audit) -> None:
    rows = figures(speech)
    assert (rows["seed delta"].metric.high or 0.0) < -0.03
    matched = rows["matched delta"].metric
    assert abs(matched.value or 0.0) < 0.005
    assert matched.low is not None
    assert matched.high is not None
    assert matched.low < 0 < matched.high


def test_the_seeds_delta_names_the_distances_it_compares(speech: Audit) -> None:
    assert figures(speech)["seed delta"].meaning == (
        "cos(last context, target) minus cos(last context, chunk before target): distance 2 against distance "
        "1, negative for any text whose similarity falls with distance"
    )
    assert figures(speech)["matched delta"].meaning == "the same at equal distance: 2 ahead against 2 back"


def test_the_published_thresholds_are_further_rows(speech: Audit) -> None:
    rows = figures(speech)
    coherence, monotonicity = rows["context coherence"], rows["monotonicity"]
    assert (coherence.threshold, coherence.holds) == (">= 0.40", True)
    assert (monotonicity.threshold, monotonicity.holds) == (">= 0.08", False)
    assert [row.name for row in speech.rows] == [
        "seed delta",
        "matched delta",
        *(f"position {place} to target" for place in range(1, 6)),
        "context coherence",
        "monotonicity",
        "ridge forward",
        "ridge backward",
        "ridge difference",
        "order test",
        "texts with vectors",
    ]
    assert [row.name for row in speech.rows if row.threshold] == ["context coherence", "monotonicity"]


def test_no_linear_model_buys_the_margin_on_the_speeches(speech: Audit) -> None:
    assert sorted(speech.frontier) == ["ood", "val"]
    for name, split in speech.frontier.items():
        assert [point.alpha for point in split.points] == list(ALPHAS)
        constant = split.constant_cos.value or 0.0
        assert not any(
            (p.margin.value or 0.0) >= 0.05 and (p.cos.value or 0.0) > constant for p in split.points
        )
        (finding,) = [each for each in speech.findings if each.startswith(f"{name}: ")]
        assert finding.startswith(
            f"{name}: no linear model of the family reaches margin 0.05 with a cosine above the constant's "
            f"{constant:.3f}; the best margin is -0.0"
        )


def test_the_boilerplate_of_the_speeches_is_told_and_is_no_leak(speech: Audit) -> None:
    leaks = speech.leaks
    assert (leaks.rows, leaks.lists, leaks.more) == (9302, None, 0)
    assert {name: (each.chunks, each.shared) for name, each in leaks.splits.items()} == {
        "train": (4796, 4),
        "val": (1994, 2),
        "ood": (2512, 0),
    }
    assert [(pair.first, pair.second, pair.splits, pair.shared) for pair in leaks.pairs] == [
        (13, 16, ("train", "train"), 2),
        (13, 23, ("train", "val"), 2),
        (16, 23, ("train", "val"), 2),
    ]
    assert (leaks.limit, round(leaks.usual or 0, 1)) == (0.98, 0.6)
    assert {name: round((each.share.value or 0) * each.share.n) for name, each in speech.leaked.items()} == {
        "val": 2,
        "ood": 0,
    }
    assert leaks.pairs[1].example.startswith("Reagan Memorial Page Video")


def test_the_table_says_the_same_as_the_json(speech: Audit) -> None:
    lines = render_audit(speech).split("\n")
    assert lines[0].startswith("Can a model work on this data? Unlikely: a linear one is not nearest to ")
    assert lines[2] == "speeches: context 5, horizon 2, held-out articles"
    value = figures(speech)["ridge forward"].metric.value or 0.0
    assert any(line.startswith(f"ridge forward         {value:.3f} ") for line in lines)
    assert "These gates can be decided on this data." in lines
    assert lines[-len(speech.findings) - 1 :] == ["Findings:", *(f"  - {each}" for each in speech.findings)]


def test_texts_of_the_speeches_belong_to_their_vectors_and_their_order_cannot_be_told(
    speech: Audit,
) -> None:
    assert speech.misplaced == ()
    fit = figures(speech)["texts with vectors"].metric
    assert (fit.low or 0.0) > 0.35
    assert speech.findings[-2:] == (
        f"texts and vectors belong together in all {fit.articles} articles looked at (correlation "
        f"{fit.value:.3f})",
        "whether an article runs backwards cannot be told: no cut sentences tell it, and windows read alike "
        "both ways",
    )
