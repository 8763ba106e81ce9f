"""Tables of results: means and deviations by hand, and a page whose tables alone change."""

from typing import Any

from scripts.results_table import COLUMNS, filled, table


def entry(bits: float | None, skill: bool, *, gain: float = 0.1) -> dict[str, Any]:
    values = {**dict.fromkeys(COLUMNS, 0.5), "bits": bits, "gain": gain}
    deployable = {"skill": skill, "seed-5cat": False}
    return {"horizon": 1, "splits": {"val": values, "ood": values}, "deployable": deployable}


WORLD = {
    "rows": {
        "nce": [entry(1.0, True), entry(2.0, True, gain=0.3), entry(1.5, False)],
        "p1": [entry(None, False), entry(1.0, False)],
        "ridge": [entry(0.25, False)],
    },
    "controls": {"logit": {split: dict.fromkeys(COLUMNS[:4], -0.25) for split in ("val", "ood")}},
    "horizon": 2,
    "mixtures": [],
}


def test_a_row_has_means_deviations_and_the_seeds_that_pass() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(WORLD).split("\n")]
    assert rows[0] == ["", "horizon", "split", *COLUMNS, "skill", "seed-5cat"]
    found = {(row[0], row[2]): dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    nce = found["nce", "val"]
    assert (nce["bits"], nce["margin"]) == ("1.500 ± 0.500", "0.500 ± 0.000")  # sd of 1, 2, 1.5
    assert nce["gain"] == "0.167 ± 0.115"  # of .1, .3, .1
    assert (nce["skill"], nce["seed-5cat"]) == ("2 of 3", "0 of 3")
    assert found["p1", "ood"]["bits"] == "undefined"
    assert (found["ridge", "ood"]["bits"], found["ridge", "ood"]["skill"]) == ("0.250", "0 of 1")
    control = found["*logit*", "ood"]
    assert (control["horizon"], control["bits"], control["gain"]) == ("2", "-0.250", "")


def test_only_tables_that_were_measured_change() -> None:
    page = "a\n<!-- table: speeches -->\nold\n<!-- end -->\nb\n<!-- table: books -->\nkept\n<!-- end -->\n"
    once = filled(page, {"speeches": WORLD})
    assert once.startswith(f"a\n<!-- table: speeches -->\n{table(WORLD)}\n<!-- end -->\nb\n")
    assert once.endswith("<!-- table: books -->\nkept\n<!-- end -->\n")
    assert filled(once, {"speeches": WORLD}) == once
