"""MLflow is imported late, and says nothing."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable

import pytest

from gatekeeper.integrations.mlflow.client import check_mlflow, new_client, silenced
from schemas.errors import UsageError


@pytest.mark.parametrize("ask", [check_mlflow, new_client])
def test_a_missing_mlflow_is_told_with_its_extra(
    ask: Callable[[], object], without: Callable[[str], None]
) -> None:
    without("mlflow")
    with pytest.raises(UsageError) as caught:
        ask()
    assert str(caught.value) == "mlflow is not installed; pip install 'gatekeeper-5cat[mlflow]'"


def test_nothing_of_what_mlflow_says_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced():
        sys.stdout.write("View run")
        sys.stderr.write("a progress bar")
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_DISABLE_TELEMETRY"])
def test_what_the_environment_says_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "of the user")
    with silenced():
        pass
    assert os.environ[name] == "of the user"


def test_importing_ours_imports_no_mlflow() -> None:
    program = (
        "import sys, gatekeeper.integrations.mlflow.target as ours\n"
        "assert ours.parse_target('mlflow:a@b')\n"
        "print('mlflow' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
