"""Device and library are chosen, and what a report says of the machine."""

import platform
import re

import pytest
import torch

from gatekeeper.evaluation.environment import choose_device, choose_retrieval, describe_environment
from schemas.errors import UsageError


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_fastest_device_there_is(
    cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == expected
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "device 'gpu' cannot be used: expected auto, cpu, cuda, mps"),
        ("", "device '' cannot be used: expected auto, cpu, cuda, mps"),
        ("cpu:x", "device 'cpu:x' cannot be used: "),
        ("mps", "device 'mps' cannot be used: this machine has none"),
    ],
)
def test_a_device_that_is_not_there(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError) as caught:
        choose_device(name)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("system", "expected"), [("Darwin", "torch"), ("Linux", "faiss")])
def test_faiss_but_where_it_clashes(system: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    assert choose_retrieval("auto") == expected
    assert [choose_retrieval(name) for name in ("faiss", "torch")] == ["faiss", "torch"]


def test_a_report_names_tool_machine_and_packages() -> None:
    found = describe_environment(torch.device("cpu"))
    assert (found.device, found.python) == ("cpu", platform.python_version())
    assert {"torch", "numpy", "scipy"} <= found.packages.keys()
    assert re.fullmatch(r"[0-9a-f]{64}", found.tool_sha256)
    assert found.git_revision is None or re.fullmatch(r"[0-9a-f]{40}\+?", found.git_revision)
