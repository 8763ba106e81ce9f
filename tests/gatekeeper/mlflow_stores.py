"""Real stores of MLflow: a database, and a server before another one."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.integrations.mlflow.target import MlflowTarget
from tests.memory import memory_folder

START_SECONDS = 120.0


@dataclass(frozen=True)
class Store:
    """A tracking URI, and the folder below which its artifacts lie."""

    uri: str
    folder: Path

    def use(self, patch: pytest.MonkeyPatch) -> None:
        """Make it the store that MLflow's environment names."""
        patch.setenv("MLFLOW_TRACKING_URI", self.uri)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)

    def artifact(self, target: MlflowTarget, number: int, pattern: str) -> Path:
        """A file that MLflow keeps for a version."""
        run = client().get_model_version(target.name, str(number)).run_id
        (found,) = self.folder.rglob(f"{run}/artifacts/{pattern}")
        return found


def client() -> Any:  # noqa: ANN401  (MLflow may be missing where the types are checked)
    """Of the store that the environment names."""
    from mlflow import MlflowClient

    return MlflowClient()


@pytest.fixture(scope="session")
def mlflow_database() -> Iterator[Store]:
    """Straight to a database; artifacts go to ``./mlruns`` in the working directory."""
    mlflow = pytest.importorskip("mlflow")
    with memory_folder() as name:
        folder = Path(name)
        store = Store(f"sqlite:///{folder / 'store.db'}", folder)
        with contextlib.chdir(folder):
            mlflow.MlflowClient(store.uri).search_experiments()  # makes the tables
        yield store


@pytest.fixture(scope="session")
def mlflow_server(mlflow_database: Store) -> Iterator[Store]:
    """A tracking server in a process of its own."""
    with memory_folder() as name:
        folder = Path(name)
        shutil.copy(mlflow_database.folder / "store.db", folder)  # making the tables again would take seconds
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder / 'store.db'}"]
        command += ["--artifacts-destination", str(folder / "artifacts")]
        # Its workers for jobs are eight processes that nobody asks for anything here.
        quiet = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=quiet, stdout=log, stderr=log, start_new_session=True
            )
        try:
            uri = f"http://127.0.0.1:{port}"
            _wait_for(f"{uri}/health", process, folder / "log")
            yield Store(uri, folder)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
