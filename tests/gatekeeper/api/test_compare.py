"""``gatekeeper.compare``: paired differences of evaluations and files."""

from pathlib import Path

import pytest

import gatekeeper as gk
from schemas.errors import ReportError, UsageError
from tests.gatekeeper.worlds import Turn


@pytest.fixture(scope="module")
def copies(data: gk.Data) -> gk.Evaluation:
    return gk.evaluate("control:copy_last", data)


def test_in_memory_and_from_files_the_differences_are_the_same(
    knows: gk.Evaluation, copies: gk.Evaluation, tmp_path: Path
) -> None:
    knows.save(tmp_path / "a.json")
    copies.save(tmp_path / "b.json")
    here = gk.compare(copies, knows)
    there = gk.compare(tmp_path / "b.json", knows)
    assert here.others[0][1] == there.others[0][1]
    frame = here.to_frame()
    row = frame.query("metric == 'offset_sweep.margin' and split == 'ood'").iloc[0]
    assert (row["first"], row["other"], row["meaning"]) == ("control:copy_last", "Turn", "better")
    assert row["difference"] == pytest.approx(row["b"] - row["a"])
    assert "offset_sweep.margin" in str(here)
    assert "<pre>" in here._repr_html_()


def test_several_end_in_standings(knows: gk.Evaluation, copies: gk.Evaluation, data: gk.Data) -> None:
    again = gk.evaluate(Turn(), data, name="a <b> & c")
    found = gk.compare(copies, knows, again)
    assert set(found.to_frame()["other"]) == {"Turn", "a <b> & c"}
    assert "minus A" in str(found)
    assert repr(found) == "<Comparison of Turn, a <b> & c with control:copy_last>"
    assert "a &lt;b&gt; &amp; c" in found._repr_html_()


def test_what_cannot_be_compared_is_told(knows: gk.Evaluation, data: gk.Data) -> None:
    with pytest.raises(UsageError, match="compare needs two reports or more, found 1"):
        gk.compare(knows)
    with pytest.raises(UsageError, match="expected an evaluation, or the file of a report, found 3"):
        gk.compare(knows, 3)  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="Turn and control:ridge cannot be compared: they differ in"):
        gk.compare(knows, gk.evaluate("control:ridge", data, seed=9, max_samples=100))
