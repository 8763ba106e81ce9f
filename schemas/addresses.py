"""Addresses of files that lie elsewhere, which gatekeeper neither fetches nor writes."""

import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType

from schemas.errors import UsageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", flags=re.ASCII)
_HUB = re.compile(
    r"hf://(?:(datasets|models|spaces)/)?([\w.-]+/[\w.-]+)(?:@[^/]*)?(?:/(.*))?", flags=re.ASCII
)
_COPY: Mapping[str, str] = MappingProxyType(
    {
        "s3": "aws s3 cp",
        "gs": "gcloud storage cp",
        "hdfs": "hdfs dfs -get",
        "http": "curl -LO",
        "https": "curl -LO",
    }
)
"""Scheme -> what fetches a file of it."""

_BOTH_WAYS = ("s3", "gs")
"""Schemes whose command takes source and target in either order, and folders with ``--recursive``."""


def is_address(text: str) -> bool:
    """Whether a text is an address, as ``s3://bucket/bank.npz`` is, and no path.

    Example:
        >>> is_address("gs://bucket/texts"), is_address("c:/bank.npz"), is_address("bundled:books")
        (True, False, False)
    """
    return _ADDRESS.match(text) is not None


def refuse_address(text: str, *, output: bool = False) -> None:
    """Refuse an address where a path is expected.

    Args:
        text: what somebody named.
        output: whether it would be written.

    Raises:
        UsageError: it is an address; the message says how to copy what it names, from there or to there.
    """
    found = _ADDRESS.match(text)
    if found is None:
        return
    scheme = found[1].lower()
    if scheme == "file":
        raise UsageError(f"{text} is an address; name the path alone: {text[found.end() :] or '/'}")
    command = _upload(scheme, text) if output else _download(scheme, text)
    told = f": {command}" if command else ""
    if output:
        raise UsageError(
            f"{text} is an address, and only this machine is written to; name a path, and upload it{told}"
        )
    raise UsageError(f"{text} is an address, and only this machine is read; download it first{told}")


def _download(scheme: str, text: str) -> str:
    if scheme == "hf":
        return _from_hub(text)
    command = _COPY.get(scheme, "")
    if scheme in _BOTH_WAYS:
        return f"{command}{_recursive(text)} {shlex.quote(text)} ."
    return command and f"{command} {shlex.quote(text)}"


def _upload(scheme: str, text: str) -> str:
    if scheme == "hf" and (found := _HUB.fullmatch(text)):
        return f"hf upload {found[2]} PATH{_kind(found[1])}"
    if scheme in _BOTH_WAYS:
        return f"{_COPY[scheme]}{_recursive(text)} PATH {shlex.quote(text)}"
    return ""


def _from_hub(text: str) -> str:
    found = _HUB.fullmatch(text)
    if found is None:
        return ""
    inside = f" {shlex.quote(found[3])}" if found[3] else ""
    return f"hf download {found[2]}{inside}{_kind(found[1])} --local-dir ."


def _kind(kind: str | None) -> str:
    return f" --repo-type {kind.removesuffix('s')}" if kind in ("datasets", "spaces") else ""


def _recursive(text: str) -> str:
    """The flag for folders; a name without a dot is taken for one."""
    return "" if "." in text.rstrip("/").rpartition("/")[2] else " --recursive"
