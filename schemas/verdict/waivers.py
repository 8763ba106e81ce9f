"""Waivers: someone answers for a check that does not pass, until a day. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from schemas.records.judgement import Check
from schemas.records.policy import Policy, Waiver
from schemas.verdict.wording import place

COVERED = ("fail", "inconclusive")
"""What a waiver can cover. What was not measured, or could not be, says nothing one could answer for."""


def in_force(waiver: Waiver, on: date | None) -> bool:
    """Whether it counts on that day (UTC); never where the day is not known."""
    return on is not None and on <= date.fromisoformat(waiver.expires)


def apply_waivers(checks: tuple[Check, ...], policy: Policy, on: date | None) -> tuple[Check, ...]:
    """The checks, those that a waiver in force covers with status ``waived``."""
    covered = {
        (waiver.gate, waiver.metric, split)
        for waiver in policy.waivers
        if in_force(waiver, on)
        for split in waiver.splits
    }
    return tuple(
        replace(check, status="waived")
        if check.status in COVERED and (check.gate, check.metric, check.split) in covered
        else check
        for check in checks
    )


def describe_waivers(checks: tuple[Check, ...], policy: Policy, on: date | None) -> Iterator[str]:
    """One sentence for every waiver and split, also for those that are expired or not needed.

    Args:
        checks: as :func:`apply_waivers` returned them.
        policy: with the waivers.
        on: the day.
    """
    known = {(check.gate, check.metric, check.split): check for check in checks}
    for waiver in policy.waivers:
        for split in waiver.splits:
            found = known.get((waiver.gate, waiver.metric, split))
            # A champion rule is not checked where nothing is compared with a champion.
            status, sentence = ("pass", "") if found is None else (found.status, found.sentence)
            yield _describe(waiver, split, status, sentence, on)


def _describe(waiver: Waiver, split: str, status: str, sentence: str, on: date | None) -> str:
    where = f"{place(waiver.metric, split)} ({waiver.gate})"
    who = f"{waiver.owner} ({waiver.reason})"
    if status == "waived":
        return f"waived until {waiver.expires} by {who}: {sentence}"
    if on is None:
        return f"the waiver of {where} by {who} does not count: no day is known to count it on"
    if not in_force(waiver, on):
        return f"the waiver of {where} by {who} expired on {waiver.expires} and no longer counts"
    if status == "pass":
        return f"the waiver of {where} until {waiver.expires} by {who} is not needed"
    return f"the waiver of {where} until {waiver.expires} by {who} does not cover {status}: {sentence}"
