"""A row a gate: status, what it asks, the figures, what is needed, and the best that knows nothing.

All gains over controls share a row, which tells the worst of them. A group that only warns has none. Where a
policy needs no number of gates but single checks, the gates that decide nothing come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatekeeper.render.fitting import fit, pad
from gatekeeper.render.rows import bounds
from schemas.records.evidence import TRIVIAL
from schemas.records.judgement import Check, GateResult, Status
from schemas.records.metrics import GATE_LETTERS, GATES
from schemas.records.policy import CHAMPION, control_of
from schemas.records.report import Report
from schemas.records.splits import CHECKED, EVALUATED, PAIR
from schemas.verdict.checks import PASSING, binding, worst_status
from schemas.verdict.soundness import ControlChecks, check_controls
from schemas.verdict.wording import figure, gate_words

_WORDS: dict[Status, str] = {
    "pass": "pass",
    "waived": "waived",
    "fail": "FAIL",
    "inconclusive": "UNSURE",
    "skipped": "SKIP",
    "error": "ERROR",
}
_HEADS = {"copy_last": "copy"}
_STATUS, _TITLE, _CELL, _NARROW, _NEEDED, _RIVAL = 7, 20, 14, 9, 9, 16
_LARGE = 1000


@dataclass(frozen=True)
class _Widths:
    """Columns of the table: the splits that the policy checks, and what each cell takes."""

    splits: tuple[str, ...]
    cell: int

    @property
    def cells(self) -> int:
        """What all splits take together."""
        return len(self.splits) * self.cell


def gate_lines(report: Report) -> list[str]:
    """The table: a line of heads and a line a gate, none longer than 80 columns."""
    checks = report.judgement.checks
    splits = tuple(name for name in CHECKED if any(check.split == name for check in checks)) or EVALUATED
    widths = _Widths(splits, _CELL if len(splits) < len(CHECKED) else _NARROW)
    controls = check_controls(report.evidence, report.policy)
    heads = "".join(pad(split, widths.cell, right=True) for split in splits)
    precise = f"(± at {100 * report.settings.confidence:g}%)" if widths.cell == _CELL else ""
    first = pad("", _STATUS) + pad(precise, _TITLE) + heads + pad(" needed", _NEEDED) + " knows nothing"
    five = {
        gate.name: _line(gate, checks, controls, widths)
        for gate in report.judgement.gates
        if gate.name in GATES
    }
    others = [
        (gate.name == CHAMPION, _line(gate, checks, controls, widths))
        for gate in report.judgement.gates
        if gate.name not in GATES and control_of(gate.name) is None and binding(checks, gate.name)
    ]
    before, after = ([line for last, line in others if last == end] for end in (False, True))
    rest = [*before, *_over_controls(checks, widths), *after]
    optional = optional_gates(report)
    needed = [line for name, line in five.items() if name not in optional]
    shown = [line[:_STATUS].lower() + line[_STATUS:] for name, line in five.items() if name in optional]
    return [first.rstrip(), *needed, *rest, *(["not required:", *shown] if shown else [])]


def optional_gates(report: Report) -> set[str]:
    """Those of the five that cannot keep a model from deployment, where anything else can."""
    policy = report.policy
    required = {*policy.required_gates, *(check.gate for check in report.judgement.checks if check.required)}
    return set() if policy.min_gates_passed or not required else {*GATES} - required


def _over_controls(checks: tuple[Check, ...], widths: _Widths) -> list[str]:
    """The row of all gains over controls that decide; none where no rule asks for any."""
    mine = [check for check in checks if control_of(check.gate) and check.severity == "error"]
    if not mine:
        return []
    names = dict.fromkeys(control_of(check.gate) for check in mine)
    single = len(_metrics(mine)) == 1
    worst = [min(found, key=_slack) for found in _by_split(mine).values()] if single else mine
    title = gate_words(mine[0].gate) if len(names) == 1 else f"  beats {len(names)} controls"
    last = control_of(min(worst, key=_slack).gate)
    start = pad(_WORDS[worst_status(mine)], _STATUS) + pad(fit(title, _TITLE - 1), _TITLE)
    end = f" {pad(_least(mine), _NEEDED - 1)} {pad(f'over {last}', _RIVAL - 1)}"
    return [(start + _cells(worst, widths) + end).rstrip()]


def _least(mine: Sequence[Check]) -> str:
    """What the gains must reach: the estimate's least where there is one, else what they must exceed."""
    asked = {(check.minimum, check.above) for check in mine}
    if len(asked) != 1:
        return "varies"
    least, above = asked.pop()
    return f"> {above:g}" if least is None else f">= {least:g}"


def _line(gate: GateResult, checks: tuple[Check, ...], controls: ControlChecks, widths: _Widths) -> str:
    star = "*" if gate.vacuous_for and gate.status == "pass" else ""
    letter = GATE_LETTERS.get(gate.name, " ")
    start = pad(f"{_WORDS[gate.status]}{star}", _STATUS) + pad(
        fit(f"{letter} {gate_words(gate.name)}", _TITLE - 1), _TITLE
    )
    mine = binding(checks, gate.name)
    if not mine:
        only = any(check.gate == gate.name for check in checks)
        return (start + pad("only warns" if only else "not checked", widths.cells, right=True)).rstrip()
    rival = "" if gate.name == CHAMPION else _rival(gate.name, controls)
    end = f" {pad(_needed(mine), _NEEDED - 1)} {pad(rival, _RIVAL - 1)}"
    return (start + _cells(mine, widths) + end).rstrip()


def _cells(mine: Sequence[Check], widths: _Widths) -> str:
    """The figure of a gate of one metric, split by split; of several metrics, how many hold."""
    if all(check.split == PAIR for check in mine):
        text = _figure(mine[0], precise=True) if len(mine) == 1 else _held(mine)
        before = (widths.cells - len(text)) // 2
        return pad("", before) + pad(text, widths.cells - before)
    cells = []
    for split in widths.splits:
        here = [check for check in mine if check.split == split]
        single = len(_metrics(mine)) == 1 and len(here) == 1
        text = _figure(here[0], precise=widths.cell == _CELL) if single else _held(here) if here else "-"
        cells.append(pad(text, widths.cell - 1, right=True))
    return "".join(f" {cell}" for cell in cells)


def _figure(check: Check, *, precise: bool) -> str:
    """The estimate, and the longer side of its interval."""
    if check.value is None:
        return "undefined" if precise else "-"
    if not precise or check.low is None or check.high is None:
        return _number(check.value)
    return f"{_number(check.value)} ±{_number(max(check.high - check.value, check.value - check.low))}"


def _number(value: float) -> str:
    return figure(value) if abs(value) < _LARGE else f"{value:.3g}"


def _held(checks: Sequence[Check]) -> str:
    return f"{_holding(checks)} of {len(checks)} hold"


def _holding(checks: Sequence[Check]) -> int:
    return sum(check.status in PASSING for check in checks)


def _needed(mine: Sequence[Check]) -> str:
    if len(_metrics(mine)) == 1:
        asked = dict.fromkeys(bounds(check) for check in mine)
        return next(iter(asked)) if len(asked) == 1 else "varies"
    most = max(len(each) for each in _by_split(mine).values())
    return f"{most} of {most}"


def _rival(gate: str, controls: ControlChecks) -> str:
    """The control without knowledge that comes closest, by its name and its worse split."""
    found = {name: mine for name in TRIVIAL if (mine := binding(controls.get(name, ()), gate))}
    if not found:
        return "-"
    name = max(found, key=lambda name: (_holding(found[name]), _worst(found[name])[0]))
    mine = found[name]
    if len(_metrics(mine)) == 1:
        value = _worst(mine)[1]
        return f"{_HEADS.get(name, name)} {'-' if value is None else _number(value)}"
    worst = min(_by_split(mine).values(), key=_holding)
    return f"{_HEADS.get(name, name)} {_holding(worst)} of {len(worst)}"


def _worst(checks: Sequence[Check]) -> tuple[float, float | None]:
    """By how much the check that is furthest from passing passes, and its value."""
    check = min(checks, key=_slack)
    return _slack(check), check.value


def _slack(check: Check) -> float:
    if check.value is None:
        return float("-inf")
    sides = (
        None if check.minimum is None else check.value - check.minimum,
        None if check.above is None else check.value - check.above,
        None if check.maximum is None else check.maximum - check.value,
    )
    return min(side for side in sides if side is not None)


def _by_split(checks: Sequence[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.split, []).append(check)
    return found


def _metrics(checks: Sequence[Check]) -> set[str]:
    return {check.metric for check in checks}
