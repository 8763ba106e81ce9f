"""Releases for people, whichever target keeps them."""

from collections.abc import Mapping, Sequence

from gatekeeper.deployment.target import Kind, Release, Target
from gatekeeper.render.grid import grid
from schemas.text import printable

_HEADERS: Mapping[Kind, tuple[str, str, str]] = {
    "release": ("release", "time", "action"),
    "version": ("version", "deployed", "left"),
}


def render_release(release: Release, target: Target) -> str:
    """What is in production now, in one line."""
    model, number = f"model {printable(release.model.sha256[:12])}", f"{target.kind} {release.release}"
    if release.restores is None:
        done = f"deployed {model} as {number}"
    elif release.restores == release.release:
        done = f"rolled back to {number}: {model}"
    else:
        done = f"rolled back to {target.kind} {release.restores}: {model} as {number}"
    return f"{done}; it is {printable(target.address(release))}"


def render_history(releases: Sequence[Release], target: Target) -> str:
    """All releases as a table, in the order given."""
    if not releases:
        return "nothing was deployed yet"
    rows = [
        [
            each.release,
            printable(each.deployed),
            _what_became(each, target.kind),
            printable(each.model.sha256[:12]),
            printable(each.report_sha256[:12]),
            printable(_policy(each)),
            "-" if each.signer is None else printable(each.signer[:12]),
        ]
        for each in releases
    ]
    headers = (*_HEADERS[target.kind], "model", "report", "policy", "signed by")
    return grid(rows, headers)


def _what_became(release: Release, kind: Kind) -> str:
    """A version may be served again; a release is followed by another with its files."""
    if kind == "version":
        return printable(release.left or "in production")
    return "deploy" if release.restores is None else f"rollback to {release.restores}"


def _policy(release: Release) -> str:
    name, source = release.policy.name, release.policy.source
    return name if source in ("", "built-in") else f"{name} ({source})"
