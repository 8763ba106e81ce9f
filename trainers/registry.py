"""Plug-ins through entry points. Loading fails closed: a broken or duplicate one is an error."""

import dataclasses
import typing
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import cast

from schemas.errors import GatekeeperError, ModelError, UsageError
from schemas.names import did_you_mean
from schemas.reasons import reason
from schemas.text import printable
from trainers.contracts import Architecture, Trainer
from trainers.plugin_source import read_attribute

ARCHITECTURES = "gatekeeper.architectures"
TRAINERS = "gatekeeper.trainers"

_NAME, _FORMER = "gatekeeper-5cat", "gatekeeper"
"""What installers call this project, and what they called it once."""

_ERRORS: dict[str, type[GatekeeperError]] = {ARCHITECTURES: ModelError, TRAINERS: UsageError}


@dataclass(frozen=True)
class Listed:
    """A registered plug-in that was not loaded.

    Attributes:
        name: under which it is registered.
        summary: its own line, None where only loading it would tell.
        origin: ``module:attribute``; several where two packages claim the name.
    """

    name: str
    summary: str | None
    origin: tuple[str, ...]


def listed(group: str) -> tuple[Listed, ...]:
    """What is registered in a group, sorted by name. Nothing is imported.

    Args:
        group: :data:`ARCHITECTURES` or :data:`TRAINERS`.

    Raises:
        GatekeeperError: an installed package is broken, so that nobody can tell what is registered.
    """
    found: dict[str, list[EntryPoint]] = {}
    for point in _points(group):
        found.setdefault(printable(point.name), []).append(point)
    return tuple(_listed(name, points) for name, points in sorted(found.items()))


def has_foreign(group: str) -> bool:
    """Whether a plug-in of somebody else's is registered in a group, or might be: none is imported for it."""
    try:
        return any(point.value.partition(".")[0] != __package__ for point in _points(group))
    except GatekeeperError:  # a broken package, so that nobody can tell
        return True


def _listed(name: str, points: list[EntryPoint]) -> Listed:
    values = tuple(sorted({point.value for point in points}))
    if len(values) > 1:
        return Listed(name, printable(_more_than_one(points)), values)
    module, _, attribute = values[0].partition(":")
    summary = read_attribute(module.strip(), attribute.partition("[")[0].strip(), "summary")
    return Listed(name, summary, values)


def _more_than_one(points: list[EntryPoint]) -> str:
    """What is wrong with several plug-ins of one name, and what to do."""
    if any(point.dist is not None and point.dist.name == _FORMER for point in points):
        return (
            f"registered by an old installation too: this project was called {_FORMER} and is {_NAME} now; "
            f"pip uninstall {_FORMER}, then install {_NAME} again"
        )
    values = sorted({point.value for point in points})
    return f"registered more than once: {', '.join(values)}; uninstall all but one"


def architecture_names() -> tuple[str, ...]:
    """Names of all registered architectures, sorted."""
    return _names(ARCHITECTURES)


def trainer_names() -> tuple[str, ...]:
    """Names of all registered trainers, sorted."""
    return _names(TRAINERS)


def architecture(name: str) -> Architecture:
    """Load one architecture.

    Raises:
        ModelError: unknown, registered twice, or not loadable.
    """
    loaded = _load(ARCHITECTURES, name, "architecture")
    if not isinstance(loaded, Architecture):
        raise ModelError(
            f"architecture plug-in {name!r} must be a trainers.contracts.Architecture; "
            f"found {type(loaded).__name__}"
        )
    return loaded


def trainer(name: str) -> Trainer:
    """Load one trainer.

    Raises:
        UsageError: unknown, registered twice, or not loadable.
    """
    loaded = _load(TRAINERS, name, "trainer")
    lack = _lacking(loaded)
    if lack is not None:
        raise UsageError(f"trainer plug-in {name!r} {lack}; see trainers.contracts.Trainer")
    return cast(Trainer, loaded)


def _lacking(loaded: object) -> str | None:
    """What keeps an object from being a trainer whose flags can be made, None where nothing does."""
    for part in ("name", "summary", "default_horizon", "settings", "architecture_of", "check", "fit"):
        try:
            getattr(loaded, part)
        except AttributeError:
            return f"lacks {part!r}"
        except Exception as error:  # noqa: BLE001  (a property of somebody else's may raise anything)
            return f"cannot tell its {part!r}: {type(error).__name__}: {reason(error)}"
    settings: object = getattr(loaded, "settings")  # noqa: B009  (the object is of no known type yet)
    if not (isinstance(settings, type) and dataclasses.is_dataclass(settings)):
        return "has settings that are no dataclass"
    try:
        typing.get_type_hints(settings)
    except Exception as error:  # noqa: BLE001  (as above: hints are evaluated)
        return f"has settings whose types cannot be told: {type(error).__name__}: {reason(error)}"
    silent = [field.name for field in dataclasses.fields(settings) if "help" not in field.metadata]
    return f"has no line of help for its setting {silent[0]!r}" if silent else None


def _names(group: str) -> tuple[str, ...]:
    return tuple(sorted({printable(point.name) for point in _points(group)}))


def _points(group: str) -> tuple[EntryPoint, ...]:
    try:
        return tuple(entry_points(group=group))
    except Exception as error:  # whatever one package's file holds, none of the others can be asked
        raise _ERRORS[group](
            f"plug-ins cannot be listed: {_broken_package()} has a broken entry_points.txt "
            f"({type(error).__name__}: {error}); install it again or uninstall it"
        ) from error


def _broken_package() -> str:
    for package in distributions():
        try:
            _ = package.entry_points
        except Exception:  # noqa: BLE001  (as above)
            return f"the package {package.metadata['Name']}"
    return "an installed package"


def _load(group: str, name: str, what: str) -> object:
    error = _ERRORS[group]
    found = [point for point in _points(group) if point.name == name]
    values = sorted({point.value for point in found})
    if not found:
        known = _names(group)
        hint = did_you_mean(name, known)
        raise error(f"unknown {what} {name!r}; {hint and hint + ' '}known: {', '.join(known)}")
    if len(values) > 1:
        raise error(f"{what} {name!r} is {_more_than_one(found)}")
    try:
        return found[0].load()
    except KeyboardInterrupt:
        raise
    except BaseException as broken:  # an exit from a plug-in would look like a pass
        raise error(
            f"{what} plug-in {name!r} ({values[0]}) cannot be loaded: {type(broken).__name__}: "
            f"{reason(broken)}"
        ) from broken
