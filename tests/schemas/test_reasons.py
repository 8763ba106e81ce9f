"""What a library says becomes one line, without advice that would switch its protection off."""

import pytest

from schemas.reasons import reason, without_advice

REFUSED = "torch will not unpickle the file, because it holds more than tensors and plain values"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such size"), "no such size"),
        (ValueError("  first\nsecond"), "first"),
        (ValueError(), "ValueError"),
        (KeyError(), "KeyError"),
        (ValueError("\n \n"), "ValueError"),
        (RuntimeError("x" * 401), "x" * 400),
        (RuntimeError("Weights only load failed. Re-run with `weights_only=False`"), REFUSED),
        (RuntimeError("use `torch.serialization.add_safe_globals`"), REFUSED),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_the_reason_is_the_first_line(error: BaseException, said: str) -> None:
    assert reason(error) == said


def test_advice_is_replaced_once_and_the_rest_stays() -> None:
    text = "cannot load m.pt\nWEIGHTS ONLY LOAD FAILED\nset weights_only=False\nat byte 7"
    assert without_advice(text) == f"cannot load m.pt\n{REFUSED}\nat byte 7"
    assert without_advice("nothing to see\nhere") == "nothing to see\nhere"
    assert without_advice("") == ""
