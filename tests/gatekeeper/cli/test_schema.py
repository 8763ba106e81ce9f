"""``gatekeeper schema``: the published schema as it is, for programs."""

import json

import jsonschema
import pytest

from schemas.reading.schema import SCHEMAS, schema_text
from tests.gatekeeper.conftest import Run


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed_byte_for_byte(name: str, run: Run) -> None:
    result = run("schema", name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == schema_text(name)
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_an_unknown_name_is_told_the_nearest(run: Run) -> None:
    result = run("schema", "reprot")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].endswith("Did you mean 'report'?")
