"""What there is to choose from: names and one line each, from where each thing is defined.

Nothing here loads torch, faiss or a plug-in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gatekeeper.config.bundled import BUNDLED, PREFIX
from schemas.reading.policy import builtin_policies, load_policy
from schemas.records.evidence import CONTROLS
from schemas.records.metrics import GATES
from trainers.plugin_source import read_docline
from trainers.registry import ARCHITECTURES, TRAINERS, listed


@dataclass(frozen=True)
class Item:
    """Something that has a name.

    Attributes:
        name: as a user writes it.
        description: one line, None where the thing says nothing of itself unless it is loaded.
    """

    name: str
    description: str | None


def _plugins(group: str) -> tuple[Item, ...]:
    return tuple(Item(plugin.name, plugin.summary) for plugin in listed(group))


def _trainers() -> tuple[Item, ...]:
    return _plugins(TRAINERS)


def _architectures() -> tuple[Item, ...]:
    return _plugins(ARCHITECTURES)


def _gates() -> tuple[Item, ...]:
    return tuple(Item(gate, read_docline(f"gates.{gate}")) for gate in GATES)


def _policies() -> tuple[Item, ...]:
    return tuple(Item(name, load_policy(name).policy.description) for name in builtin_policies())


def _controls() -> tuple[Item, ...]:
    return tuple(Item(name, text) for name, text in CONTROLS.items())


def _data() -> tuple[Item, ...]:
    return tuple(Item(name, text) for name, text in BUNDLED.items())


@dataclass(frozen=True)
class Kind:
    """A kind of things.

    Attributes:
        description: what they are and where a user names one.
        items: all of them.
    """

    description: str
    items: Callable[[], tuple[Item, ...]]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "trainers": Kind("recipes: gatekeeper train NAME", _trainers),
        "gates": Kind("tests of a model: `gate` in a policy", _gates),
        "architectures": Kind("families of models: --architecture NAME", _architectures),
        "policies": Kind("built-in thresholds: --policy NAME", _policies),
        "controls": Kind("predictors with a known answer: gatekeeper eval control:NAME", _controls),
        "data": Kind(f"data that comes with it: --bank {PREFIX}NAME", _data),
    }
)
