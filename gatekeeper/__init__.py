"""gatekeeper decides whether a next-embedding model may be deployed.

::

    import gatekeeper as gk

    data = gk.load_data("bank.npz", train="0-79", val="80-99", ood="100-119")
    report = gk.evaluate(model, data)
    report.deployable, report.reasons

Nothing is loaded before it is asked for, neither torch nor numpy.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

DISTRIBUTION = "gatekeeper-5cat"
"""What installers call it: on the package index the plain name belongs to a stranger."""

_PUBLIC = {
    "Comparison": "gatekeeper.api.compare",
    "Data": "gatekeeper.data.load",
    "Decision": "schemas.records.decision",
    "Evaluation": "gatekeeper.api.evaluate",
    "GatekeeperError": "schemas.errors",
    "Metric": "schemas.records.evidence",
    "Probe": "gatekeeper.probe",
    "ProbeResult": "gatekeeper.probe",
    "RecipeComparison": "gatekeeper.api.compare",
    "check": "gatekeeper.api.check",
    "compare": "gatekeeper.api.compare",
    "compare_recipes": "gatekeeper.api.compare",
    "evaluate": "gatekeeper.api.evaluate",
    "load_data": "gatekeeper.data.load",
}
"""Public name -> the module that holds it."""

_MODULES = {"errors": "schemas.errors", "integrations": "gatekeeper.integrations"}
"""Public module -> what it is called inside."""

__all__ = sorted([*_PUBLIC, *_MODULES, "__version__"])

if TYPE_CHECKING:
    from gatekeeper import integrations as integrations
    from gatekeeper.api.check import check as check
    from gatekeeper.api.compare import Comparison as Comparison
    from gatekeeper.api.compare import RecipeComparison as RecipeComparison
    from gatekeeper.api.compare import compare as compare
    from gatekeeper.api.compare import compare_recipes as compare_recipes
    from gatekeeper.api.evaluate import Evaluation as Evaluation
    from gatekeeper.api.evaluate import evaluate as evaluate
    from gatekeeper.data.load import Data as Data
    from gatekeeper.data.load import load_data as load_data
    from gatekeeper.probe import Probe as Probe
    from gatekeeper.probe import ProbeResult as ProbeResult
    from schemas import errors as errors
    from schemas.errors import GatekeeperError as GatekeeperError
    from schemas.records.decision import Decision as Decision
    from schemas.records.evidence import Metric as Metric
else:

    def __getattr__(name: str) -> object:
        """Load a public name; the siblings are checked before, as the command does it when it starts.

        Raises:
            InstallationError: another package lies in the place of a sibling, or a file was replaced.
        """
        if name not in _PUBLIC and name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        from gatekeeper.installation.siblings import check_siblings

        check_siblings()
        found = (
            import_module(_MODULES[name]) if name in _MODULES else getattr(import_module(_PUBLIC[name]), name)
        )
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
