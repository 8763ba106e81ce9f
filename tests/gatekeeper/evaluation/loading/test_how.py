"""What a user may say of a model file."""

import subprocess
import sys
from typing import Any

import pytest

from gatekeeper.evaluation.loading.how import AS_IT_IS, Loading
from schemas.errors import UsageError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"state_key": "model"}, "name what makes it too: --factory module:function, from Python factory="),
        ({"strip_prefix": "none"}, "belong to weights for a module of yours; name what makes it too"),
        ({"factory": "my_model"}, "a factory is package.module:function; found 'my_model'"),
        ({"factory": "my model:make"}, "a factory is package.module:function; found 'my model:make'"),
        ({"factory": 3}, "a factory is a function without arguments, or package.module:function; found int"),
    ],
)
def test_words_that_say_nothing_are_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Loading(**words)


@pytest.mark.parametrize(
    ("word", "prefix"), [(None, None), ("auto", None), ("none", ""), ("model.", "model."), ("net", "net")]
)
def test_two_prefixes_are_words(word: str | None, prefix: str | None) -> None:
    assert Loading(factory="my:make", strip_prefix=word).prefix == prefix
    assert AS_IT_IS.prefix is None


def test_torch_is_not_loaded_for_words() -> None:
    code = "import sys, gatekeeper.evaluation.loading.how; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
