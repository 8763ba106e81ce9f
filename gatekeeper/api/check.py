"""``gatekeeper.check``: may the model of a report be deployed?"""

import os
from pathlib import Path

from gatekeeper.api.evaluate import Evaluation
from gatekeeper.config.given import path_given
from gatekeeper.deployment.model_file import confirmed_format, model_digest
from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.deployment.verify import Demands, examine
from schemas.errors import UsageError
from schemas.reading.policy import load_policy
from schemas.reading.report import report_text
from schemas.records.decision import Decision


def check(
    report: Evaluation | str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    policy: str | os.PathLike[str] = "seed-5cat",
    champion: Evaluation | str | os.PathLike[str] | None = None,
    first: bool = False,
) -> Decision:
    """Decide whether the model of a report may be deployed, as ``gatekeeper check`` does.

    What a report says of itself is ignored: the checks are derived from its metrics under your policy.

    Args:
        report: an evaluation, or the file of one.
        model: the file that is to be let through; it must be the evaluated one. None binds the report to no
            file, and the decision's ``notes`` say so.
        policy: a built-in policy or a TOML file.
        champion: the report of the model in production, for the policy's champion rules.
        first: there is none yet, so those rules are left out.

    Raises:
        UsageError: the policy is wrong, a file is given by no path, or there are both ``champion`` and
            ``first``.
        ReportError: a report is malformed or about another model.
        ModelError: the model cannot be read.
    """
    if champion is not None and first:
        raise UsageError("champion= names one and first= says there is none; give one of the two")
    file = None if model is None else path_given(model, "model=, the path of a file")
    rules = os.fspath(path_given(policy, "policy=, a built-in policy or a TOML file"))
    ruling = examine(
        _submission(report),
        Demands(policy=load_policy(rules), first=first),
        model_sha256=None if file is None else model_digest(file),
        model=file,
        champion=None if champion is None else _submission(champion),
    )
    if file is not None:
        confirmed_format(ruling.report, file)
    return ruling.decision


def _submission(report: Evaluation | str | os.PathLike[str]) -> Submission:
    if not isinstance(report, Evaluation):
        return read_submission(path_given(report, "an evaluation, or the file of a report"))
    record = report.report
    return Submission(Path(record.inputs.model.spec), report_text(record).encode(), None)
