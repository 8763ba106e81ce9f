"""A report in a notebook."""

import gatekeeper as gk
from tests.gatekeeper.worlds import Turn, rotating_data


def test_a_notebook_shows_verdict_diagnosis_and_gates_and_runs_nothing() -> None:
    data = rotating_data()
    shown = gk.evaluate(Turn(), data, name="<script>alert(1)</script>")._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "DEPLOYABLE" in shown
    assert "5 of 5 gates passed" in shown
    assert all(f">{letter} " in shown for letter in "ABCDE")
    blocked = gk.evaluate("control:copy_last", data)
    shown = blocked._repr_html_()
    assert "BLOCKED" in shown
    assert blocked.diagnosis.sentence.replace("'", "&#39;") in shown
