"""Names of arrays, as a configuration and as flags call them."""

import pytest

from gatekeeper.config.bank_keys import BankKeys


@pytest.mark.parametrize(
    ("keys", "settings", "flags"),
    [
        (BankKeys(), {}, {}),
        (BankKeys(vectors="v"), {"vectors_key": "v"}, {"--vectors-key": "v"}),
        (
            BankKeys(articles="a", chunks="none", texts="t"),
            {"article_key": "a", "chunk_key": "none", "text_key": "t"},
            {"--article-key": "a", "--chunk-key": "none", "--text-key": "t"},
        ),
    ],
)
def test_only_what_is_named_is_told(keys: BankKeys, settings: dict[str, str], flags: dict[str, str]) -> None:
    assert keys.settings() == settings
    assert keys.flags() == flags
