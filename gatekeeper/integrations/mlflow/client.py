"""MLflow as everything here uses it: imported late, silent, and with patience that ends.

MLflow is an extra. What it prints is swallowed; it or a plug-in of its may raise anything.
"""

import contextlib
import importlib
import io
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.config.extras import from_extra

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # MLflow's own 7 wait four minutes for a server that is down
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Ours where the environment has none."""


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Let MLflow work without a word of it on stdout or stderr."""
    for key, value in _SETTINGS.items():
        os.environ.setdefault(key, value)
    silent = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
    ):
        warnings.simplefilter("ignore")
        yield


def check_mlflow() -> None:
    """Import MLflow, and ask no store anything.

    Raises:
        UsageError: it is not installed.
    """
    with from_extra("mlflow"):
        importlib.import_module("mlflow")


def new_client(uri: str | None = None) -> "MlflowClient":
    """A client of the store at ``uri``, or of the one that MLflow's environment names.

    Raises:
        UsageError: MLflow is not installed.
    """
    check_mlflow()
    from mlflow import MlflowClient

    return MlflowClient(uri)
