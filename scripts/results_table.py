"""Print the table of ``docs/results.md`` for some reports: ``results_table.py NAME=REPORT ...``.

One row a report and split: margin, margin_prev, cos, R@5 within the article and in the whole bank, each
with its interval, and article R@5 with the context left out; then the controls of the first report.
"""

import sys

from gatekeeper.render.rows import interval, number
from schemas.reading.report import read_report
from schemas.records.evidence import Metrics
from schemas.records.report import Report
from schemas.records.splits import EVALUATED

COLUMNS = {
    "margin": "offset_sweep.margin",
    "margin_prev": "offset_sweep.margin_prev",
    "cos": "offset_sweep.cos",
    "article R@5": "retrieval.article.r@5",
    "unseen R@5": "retrieval.article_unseen.r@5",
    "bank R@5": "retrieval.bank.r@5",
}


def row(name: str, split: str, metrics: Metrics, verdict: str) -> str:
    """One line of the table."""
    cells = [
        f"{number(metrics[split][key].value)} {interval(metrics[split][key])}" for key in COLUMNS.values()
    ]
    return f"| {name} | {split} | {' | '.join(cells)} | {verdict} |"


def verdict(report: Report) -> str:
    """Outcome, kept epoch and whether the model escaped."""
    found, trained = report.judgement.verdict, report.inputs.model.training
    epoch = f", epoch {trained.epoch}" if trained is not None and trained.epoch else ""
    return found.outcome.upper() + (" (escaped)" if found.escaped else "") + epoch


def main(arguments: list[str]) -> None:
    """Print the table."""
    reports = {name: read_report(path) for name, _, path in (text.partition("=") for text in arguments)}
    print(f"| | split | {' | '.join(COLUMNS)} | verdict |")
    print("|" + "---|" * (len(COLUMNS) + 3))
    for name, report in reports.items():
        for split in EVALUATED:
            print(row(name, split, report.evidence.model, verdict(report)))
    first = next(iter(reports.values()))
    for control in ("copy_last", "mean_context", "constant", "ridge"):
        for split in EVALUATED:
            print(row(f"*{control}*", split, first.evidence.controls[control], ""))


if __name__ == "__main__":
    main(sys.argv[1:])
