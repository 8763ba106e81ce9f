"""TOML: what structure may cost is bounded before it is parsed; what is text is never counted."""

import time
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import PolicyError, UsageError
from schemas.reading.strict_toml import MAX_BYTES, MAX_PARTS, loads

DEEP = "^tables and lists are nested more than 32 deep$"
PARTS = ".".join("a" * MAX_PARTS)


def filled(text: str, *, end: str = "") -> str:
    """``text`` again and again, as long as a file may be."""
    return text * ((MAX_BYTES - len(end)) // len(text)) + end


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{PARTS} = 1",
        f"[{PARTS}]",
        "a = " + "[" * MAX_PARTS + "]" * MAX_PARTS,
        "[a]\nb = " + "[" * MAX_PARTS + "]" * MAX_PARTS,
        'a = "' + "." * 500 + '"',
        "a = '" + "[{." * 500 + "'",
        'a = """' + "[.\n" * 500 + '"quoted""""',
        "a = '''" + "[.\n" * 500 + "''''",
        'a = """\\""""',
        "# " + "[.[" * 500,
        'a = "\\"" # [[[.',
        "a = [" + "1.5, " * 500 + "]",
        "a = [" + "[], " * 500 + "]",
        "a = " + "[[], " * (MAX_PARTS - 1) + "[]" + "]" * (MAX_PARTS - 1),
        'a = "#" # "',
        "a = '\\' # '",
    ],
)
def test_what_is_toml_is_read_as_it_stands(text: str) -> None:
    assert loads(text.encode(), error=PolicyError) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{PARTS}.b = 1",
        f"[[{PARTS}.b]]",
        "a = " + "[" * (MAX_PARTS + 1) + "]" * (MAX_PARTS + 1),
        "a = " + "[" * (MAX_PARTS + 1),
        "a = " + "[[], " * MAX_PARTS + "[]" + "]" * MAX_PARTS,
        "a = " + "{a=" * (MAX_PARTS + 1) + "1" + "}" * (MAX_PARTS + 1),
        " . ".join(["'a.b'"] * (MAX_PARTS + 1)) + " = 1",
        "a = {" + PARTS + ".b = 1}",
        f'a = """\n"" "\n"""\n{PARTS}.b = 1',
        f'a = "\\\\"\n{PARTS}.b = "',
        f"a = '''\n'\n'''\n{PARTS}.b = '''",
        f"# '\n{PARTS}.b = 1 # '",
    ],
)
def test_what_is_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=DEEP):
        loads(text.encode(), error=UsageError)


def test_what_is_too_deep_for_the_caller_is_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(text: str) -> None:
        raise RecursionError

    monkeypatch.setattr(tomllib, "loads", give_up)
    with pytest.raises(UsageError, match=DEEP):
        loads(b"a = 1", error=UsageError)


def test_a_byte_order_mark_in_front_is_passed_over() -> None:
    assert loads(b"\xef\xbb\xbfa = 1", error=PolicyError) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = \xff", "^expected UTF-8 text, found other bytes$"),
        ("a = 1".encode("utf-16"), "^expected UTF-8 text, found UTF-16; save the file as UTF-8$"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa = 1", "not TOML: "),
        (b"a = ", "not TOML: Invalid value"),
        (b"a = 1\na = 2", "not TOML: Cannot overwrite a value"),
        (b"a = 1" + b"0" * 9000, "not TOML: Exceeds the limit"),
        (b"#" * (MAX_BYTES + 1), f"^expected at most {MAX_BYTES} bytes of TOML, found more$"),
    ],
)
def test_what_is_no_toml_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        loads(data, error=PolicyError)


@pytest.mark.parametrize(
    "text",
    [
        filled("a."),
        filled("a" + ".a" * 30 + ".b = 1\n"),
        "[" + ".".join("h" * 31) + "]\n" + "".join(f"{'.'.join('a' * 30)}.k{i} = 1\n" for i in range(4_000)),
        filled("["),
        filled("a={"),
        'a = "' + filled('\\"'),
        filled('"""'),
        filled("'''"),
        "a = " + filled("1_"),
        filled("[[a.b.c]]\n"),
        "a = [" + filled("{},", end="]"),
    ],
    ids=range(11),
)
def test_no_text_takes_more_than_its_length_explains(text: str) -> None:
    before = time.process_time()
    try:
        loads(text.encode()[:MAX_BYTES], error=PolicyError)
    except PolicyError as error:
        assert len(str(error)) < 200  # noqa: PT017  (whether it is refused is no question here)
    assert time.process_time() - before < 10


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="a.=[]{}\"'#\\\n1, ", max_size=40))
def test_every_short_text_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(PolicyError):
            loads(text.encode(), error=PolicyError)
        return
    assert loads(text.encode(), error=PolicyError) == expected
