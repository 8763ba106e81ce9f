"""How messages call a row."""

from gatekeeper.data.formats.tables import where
from tests.gatekeeper.data.formats.tables import MemoryTable


def test_a_row_is_called_by_table_and_place() -> None:
    assert where(MemoryTable({}), 3) == "t row 3"
