"""What there is to choose from is what there is."""

import pytest

from gatekeeper.cli.choices import KINDS
from gatekeeper.config.bundled import BUNDLED
from schemas.reading.policy import builtin_policies
from schemas.records.evidence import CONTROLS
from schemas.records.metrics import GATES
from trainers.registry import architecture_names, trainer_names


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("trainers", trainer_names()),
        ("gates", GATES),
        ("architectures", architecture_names()),
        ("policies", builtin_policies()),
        ("controls", tuple(CONTROLS)),
        ("data", tuple(BUNDLED)),
    ],
)
def test_every_kind_lists_the_names_there_are_with_a_line_each(kind: str, names: tuple[str, ...]) -> None:
    items = KINDS[kind].items()
    assert sorted(item.name for item in items) == sorted(names)
    assert all(item.description and "\n" not in item.description for item in items)


def test_no_kind_is_left_out() -> None:
    assert set(KINDS) == {"trainers", "gates", "architectures", "policies", "controls", "data"}
