"""What is read as a key, from a file or a variable, and what is refused."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gatekeeper.deployment.signing.keys import generate, key_id, load_private, load_public
from schemas.errors import UsageError
from tests.gatekeeper.deployment.signing.pem import private_pem, public_pem
from tests.gatekeeper.deployment.submissions import TRUSTED

MESSAGE = b"a message"


@pytest.fixture(scope="module")
def others() -> dict[str, PrivateKeyTypes]:
    """Keys of other algorithms."""
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "ed448": ed448.Ed448PrivateKey.generate(),
        "x25519": x25519.X25519PrivateKey.generate(),
        "dsa": dsa.generate_private_key(1024),
    }


def test_a_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_KEY", private_pem(TRUSTED).decode())
    monkeypatch.setenv("TRUSTED_KEY", public_pem(TRUSTED).decode())
    load_public("env:TRUSTED_KEY").verify(load_private("env:SIGN_KEY").sign(MESSAGE), MESSAGE)


def test_a_key_in_the_environment_may_lack_its_last_newline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_KEY", private_pem(TRUSTED).decode().strip())
    assert key_id(load_private("env:SIGN_KEY").public_key()) == key_id(TRUSTED.public_key())


@pytest.mark.parametrize("load", [load_private, load_public])
@pytest.mark.parametrize(
    ("name", "value"), [("MISSING_KEY", None), ("EMPTY_KEY", ""), ("", None), ("A=B", None)]
)
def test_a_variable_that_is_not_set_is_named(
    monkeypatch: pytest.MonkeyPatch, load: object, name: str, value: str | None
) -> None:
    monkeypatch.delenv("MISSING_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        load(f"env:{name}")  # type: ignore[operator]
    assert str(caught.value) == (
        f"the environment variable {name} is not set; it should hold a key in PEM form"
    )


def test_the_content_of_a_variable_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_KEY", "secret text that is no key")
    for load in (load_private, load_public):
        with pytest.raises(UsageError) as caught:
            load("env:SIGN_KEY")
        assert "secret" not in str(caught.value)
        assert str(caught.value).startswith("env:SIGN_KEY: expected ")


def test_a_file_whose_name_begins_like_a_variable_is_reached_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("env:KEY").write_bytes(private_pem(TRUSTED))
    monkeypatch.delenv("KEY", raising=False)
    assert key_id(load_private("./env:KEY").public_key()) == key_id(TRUSTED.public_key())
    with pytest.raises(UsageError, match="is not set"):
        load_private("env:KEY")


GARBAGE = [
    b"",
    b"\n",
    b"no key",
    b"\xff\xfe\x00",
    b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    b"-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----\n",
    b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
    private_pem(TRUSTED)[:-30],
    public_pem(TRUSTED)[:-30],
    private_pem(TRUSTED).replace(b"PRIVATE", b"PUBLIC"),
    public_pem(TRUSTED).replace(b"PUBLIC", b"PRIVATE"),
    TRUSTED.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    TRUSTED.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
    TRUSTED.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
    TRUSTED.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    TRUSTED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
]


@pytest.mark.parametrize("number", range(len(GARBAGE)))
@pytest.mark.parametrize("source", ["file", "variable"])
def test_what_is_no_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, source: str
) -> None:
    path = tmp_path / "key"
    path.write_bytes(GARBAGE[number])
    spec = str(path)
    if source == "variable":
        if b"\0" in GARBAGE[number] or not GARBAGE[number]:
            return  # which no variable can hold, or which is not set
        monkeypatch.setenv("SOME_KEY", os.fsdecode(GARBAGE[number]))
        spec = "env:SOME_KEY"
    for load in (load_private, load_public):
        with pytest.raises(UsageError) as caught:
            load(spec)
        assert str(caught.value).startswith(f"{spec}: expected ")
        assert "\n" not in str(caught.value)


def test_each_half_is_refused_in_place_of_the_other(tmp_path: Path) -> None:
    private, public, _ = generate(tmp_path, "ci")
    with pytest.raises(UsageError) as caught:
        load_public(str(private))
    assert str(caught.value) == (
        f"{private}: expected a public key in PEM form, as `gatekeeper keygen` writes"
    )
    with pytest.raises(UsageError) as caught:
        load_private(str(public))
    assert str(caught.value) == f"{public}: expected an unencrypted private key in PEM form"


@pytest.mark.parametrize("name", ["rsa", "p256", "ed448", "x25519", "dsa"])
def test_a_key_of_another_algorithm_is_refused(
    tmp_path: Path, others: dict[str, PrivateKeyTypes], name: str
) -> None:
    private, public = tmp_path / "other.key", tmp_path / "other.pub"
    private.write_bytes(private_pem(others[name]))
    public.write_bytes(public_pem(others[name]))
    with pytest.raises(UsageError) as caught:
        load_private(str(private))
    expected = f"{private}: expected an Ed25519 key; make one with `gatekeeper keygen`"
    assert str(caught.value) == expected
    with pytest.raises(UsageError) as caught:
        load_public(str(public))
    assert str(caught.value) == f"{public}: expected an Ed25519 public key"


@pytest.mark.parametrize("name", ["ed25519", "rsa"])
def test_an_encrypted_key_is_refused(tmp_path: Path, others: dict[str, PrivateKeyTypes], name: str) -> None:
    path = tmp_path / "encrypted.key"
    path.write_bytes(private_pem(others.get(name, TRUSTED), b"a password"))
    with pytest.raises(UsageError) as caught:
        load_private(str(path))
    assert str(caught.value) == f"{path}: expected an unencrypted private key in PEM form"


def test_a_file_far_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.key"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole: no machine could read it into memory
    for load in (load_private, load_public):
        with pytest.raises(UsageError, match="expected"):
            load(str(path))


@pytest.mark.parametrize("load", [load_private, load_public])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere.key", "No such file or directory"),
        ("", "it is no regular file"),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, load: object, name: str, why: str) -> None:
    spec = f"{tmp_path}/{name}"
    with pytest.raises(UsageError) as caught:
        load(spec)  # type: ignore[operator]
    assert str(caught.value) == f"cannot read the key {spec}: {why}"
