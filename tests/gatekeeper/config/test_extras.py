"""An optional package that is missing is told from one that is broken."""

import pytest

from gatekeeper.config.extras import from_extra
from schemas.errors import UsageError


@pytest.mark.parametrize("name", ["lighthouse", "lighthouse.lamp"])
def test_a_missing_package_is_named_with_its_extra(name: str) -> None:
    with (
        pytest.raises(UsageError, match=r"^lighthouse is not installed; pip install '.+\[lighthouse\]'$"),
        from_extra("lighthouse"),
    ):
        raise ModuleNotFoundError(name=name)


@pytest.mark.parametrize("name", ["lamp", "lighthouses", None])
def test_what_the_package_itself_lacks_is_told_as_it_is(name: str | None) -> None:
    with pytest.raises(ImportError), from_extra("lighthouse"):
        raise ImportError(name=name)
