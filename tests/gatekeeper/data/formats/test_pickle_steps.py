"""The instructions that plain values need, and what they refuse."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.formats.pickle_reader import PickleReader
from gatekeeper.data.formats.pickle_steps import STEPS, STOP
from gatekeeper.data.formats.pickled_names import Refused
from schemas.errors import DataError
from tests.gatekeeper.data.formats.pickles import load, object_array

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=12,
)


@given(st.lists(PLAIN, max_size=5), st.sampled_from([3, 4, 5]))
def test_plain_values_come_back(items: list[Any], protocol: int) -> None:
    assert load(pickle.dumps(object_array(items), protocol=protocol)) == items


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", b"garbage", b"N.", b"\x80\x04K\x01.", b"P1\n.", b"h\x05."]
)
def test_broken_pickles(data: bytes) -> None:
    with pytest.raises(DataError):
        load(data)


@pytest.mark.parametrize("value", [(1, 2), 2**61 - 1, -(2**61)])
def test_a_key_whose_hash_can_be_chosen_is_refused(value: object) -> None:
    reader = PickleReader(b"", lambda amount, what: None)
    reader.stack = [{}, value, 0]
    with pytest.raises(Refused, match="a key that is no text and no ordinary number"):
        STEPS[ord("s")](reader)


def test_nothing_that_calls_or_imports_otherwise_is_known() -> None:
    # INST, OBJ, NEWOBJ, NEWOBJ_EX, the persistent ids, the extensions and the buffers of protocol 5.
    unknown = b"io\x81\x92PQ\x82\x83\x84\x96\x97\x98"
    assert not STEPS.keys() & {*unknown, STOP}
