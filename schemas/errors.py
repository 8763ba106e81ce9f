"""Every error gatekeeper raises on purpose, each with the exit code it ends the program with.

    GatekeeperError            3  could not evaluate
    ├── UsageError             2  a flag, a name or a configuration file is wrong
    │   └── PolicyError        2  a policy does not follow its schema or names an unknown metric
    ├── DataError              3  a bank, a split or a sequence file is unusable
    ├── ModelError             3  a checkpoint or a module is unusable
    │   └── PredictionError    3  a model returned something that is no prediction
    ├── ReportError            3  a report does not follow its schema or contradicts itself
    │   └── SignatureError     3  a signature is missing, broken or of a key that is not trusted
    ├── OutputError            3  a file cannot be written
    ├── TrainingError          3  a training run cannot go on (the loss is no longer a number, ...)
    ├── EvaluationError        3  the measurement itself is not sound on this data
    └── Interrupted            4  a signal ended a training run after its state was saved

Messages are one line: what was expected, what was found, what to do.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

EXIT_PASS = 0
EXIT_BLOCKED = 1
EXIT_USAGE = 2
EXIT_ERROR = 3
EXIT_INTERRUPTED = 4

EXIT_CODES: Mapping[str, int] = MappingProxyType(
    {"deployable": EXIT_PASS, "blocked": EXIT_BLOCKED, "error": EXIT_ERROR}
)
"""Outcome of a judgement -> exit code. Of several models the highest code counts."""


class GatekeeperError(Exception):
    """Base of all deliberate errors; ``exit_code`` is what the command line returns."""

    exit_code: ClassVar[int] = EXIT_ERROR


class UsageError(GatekeeperError):
    """The request is wrong: a flag, a name, a configuration value."""

    exit_code: ClassVar[int] = EXIT_USAGE


class PolicyError(UsageError):
    """A policy file is malformed or names something that does not exist."""


class DataError(GatekeeperError):
    """A bank, split or sequence file cannot be used."""


class ModelError(GatekeeperError):
    """A checkpoint or module cannot be used."""


class PredictionError(ModelError):
    """A model returned NaN, infinite, zero or wrongly shaped predictions."""


class ReportError(GatekeeperError):
    """A report cannot be trusted: malformed, of an unknown version, or contradicting itself."""


class SignatureError(ReportError):
    """A report is not signed by a trusted key, or not this report of this model was signed."""


class OutputError(GatekeeperError):
    """A file cannot be written where it was asked for."""


class EvaluationError(GatekeeperError):
    """The gates cannot decide on this data (too few samples, the oracle fails, ...)."""


class TrainingError(GatekeeperError):
    """A training run cannot go on; what it saved before is intact."""


class Interrupted(GatekeeperError):  # noqa: N818  (a request, not a fault)
    """A signal asked the run to end; its state is saved and ``--resume`` continues it."""

    exit_code: ClassVar[int] = EXIT_INTERRUPTED
