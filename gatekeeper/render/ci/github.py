"""A decision for GitHub Actions: annotations, step summary and outputs.

Source: "Workflow commands for GitHub Actions" (annotations and their escapes, ``GITHUB_OUTPUT``,
``GITHUB_STEP_SUMMARY`` and its limit of 1 MiB a step).
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.reasons import explained
from gatekeeper.render.table import OUTCOMES
from schemas.errors import OutputError
from schemas.records.policy import CHAMPION, Policy
from schemas.text import printable
from schemas.verdict.checks import PASSING

SUMMARY_LIMIT = 2**20
_CUT = "\n\n(cut here: GitHub shows 1 MiB at most)\n"

Lines = Mapping[tuple[str, str, str], int]
"""(gate, metric, split) -> line of the policy file, counted from 1."""


def render_annotations(ruling: Ruling, policy: Path | None) -> str:
    """Workflow commands, one a line: the verdict first, since GitHub shows ten of a kind.

    Args:
        ruling: the decision.
        policy: the policy file, whose lines the annotations point at; None for a built-in one.
    """
    judgement = ruling.decision.judgement
    verdict = judgement.verdict
    lines = {} if policy is None else policy_lines(_text(policy), ruling.report.policy)
    level = "notice" if verdict.deployable else "error"
    passed = ("every check that decides passed",) if verdict.deployable else ()
    summary = "; ".join([*passed, *explained(judgement)])
    commands = [_command(level, f"gatekeeper: {OUTCOMES[verdict.outcome]}", printable(summary))]
    for check in judgement.checks:
        if check.status == "pass":
            continue
        stops = check.severity == "error" and check.status not in PASSING and not verdict.deployable
        where = lines.get((check.gate, check.metric, check.split))
        commands.append(
            _command(
                "error" if stops else "warning",
                f"{check.metric} on {check.split}",
                f"{'waived: ' if check.status == 'waived' else ''}{printable(check.sentence)}",
                file=policy if where else None,
                line=where,
            )
        )
    commands += [_command("warning", "waiver", printable(text)) for text in verdict.waivers]
    return "\n".join(commands)


def without_commands(text: str) -> str:
    """``text`` for a log in which nothing is taken for a workflow command, whatever a report says in it."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text}\n::{token}::"


def render_error_annotation(message: str) -> str:
    """The workflow command for a decision that could not be made."""
    return _command("error", "gatekeeper: ERROR", message)


def write_github_files(outcome: str, markdown: str, environment: Mapping[str, str] = os.environ) -> None:
    """Append the outputs ``verdict`` and ``deployable``, and the step summary, where GitHub asks.

    Raises:
        OutputError: a file cannot be written; a job that reads no output must not go on.
    """
    deployable = "true" if outcome == "deployable" else "false"
    _append(environment.get("GITHUB_OUTPUT"), f"verdict={outcome}\ndeployable={deployable}\n")
    _append(environment.get("GITHUB_STEP_SUMMARY"), truncated(f"{markdown}\n"))


def truncated(text: str) -> str:
    """``text`` within the limit of a step summary, in UTF-8 and cut between characters."""
    data = text.encode()
    if len(data) <= SUMMARY_LIMIT:
        return text
    return data[: SUMMARY_LIMIT - len(_CUT.encode())].decode(errors="ignore") + _CUT


def policy_lines(text: str, policy: Policy) -> Lines:
    """Where each check and champion rule begins; nothing where the file is written another way.

    Tables are found by their headers. A header inside a multi-line text, or an inline array, would
    make the count differ from the policy's; then no line is better than a wrong one.
    """
    found: dict[tuple[str, str, str], int] = {}
    over_controls = [rule.as_check() for rule in policy.controls]
    lines = text.split("\n")  # and at nothing else: TOML allows other line ends inside comments
    for name, keys in (
        ("check", [(each.gate, each.metric, each.splits) for each in policy.checks]),
        ("champion", [(CHAMPION, rule.metric, rule.splits) for rule in policy.champion]),
        ("control", [(line.gate, line.metric, line.splits) for line in over_controls]),
    ):
        header = re.compile(rf"\s*\[\[\s*[\"']?{name}[\"']?\s*\]\]")
        places = [number for number, line in enumerate(lines, start=1) if header.match(line)]
        if len(places) != len(keys) or not _real(lines, places, name):
            continue
        for place, (gate, metric, splits) in zip(places, keys, strict=True):
            found |= {(gate, metric, split): place for split in splits}
    return found


def _real(lines: Sequence[str], places: Sequence[int], name: str) -> bool:
    """Whether the k-th header found is the k-th table: what stands before it must hold k - 1 of them."""
    try:
        return all(
            len(tomllib.loads("\n".join(lines[: place - 1])).get(name, [])) == before
            for before, place in enumerate(places)
        )
    except tomllib.TOMLDecodeError:
        return False


def _text(policy: Path) -> str:
    try:
        return policy.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _command(
    level: str, title: str, message: str, *, file: Path | None = None, line: int | None = None
) -> str:
    properties = {"file": file, "line": line, "title": title}
    given = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None
    )
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _append(path: str | None, text: str) -> None:
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
