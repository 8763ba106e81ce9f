"""Ed25519 keys in PEM files.

A key's id is the SHA-256 of its public half in DER form (SubjectPublicKeyInfo), the same that
``openssl pkey -pubin -outform DER | sha256sum`` gives.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gatekeeper.config.outputs import ENVIRONMENT_PREFIX
from schemas.disk.opening import open_regular, why
from schemas.disk.room import check_room
from schemas.errors import OutputError, UsageError

_MAX_BYTES = 2**16


def generate(folder: Path, name: str) -> tuple[Path, Path, str]:
    """Make a key pair: ``NAME.key`` (readable by its owner only) and ``NAME.pub``.

    Returns:
        Both paths and the key's id.

    Raises:
        UsageError: the name is none.
        OutputError: a file exists already (a lost private key cannot be made again) or cannot be made.
    """
    if not name or Path(name).name != name or "\0" in name:
        raise UsageError(f"{name!r} is no name for a key: expected one without folders")
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    shown = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    paths = folder / f"{name}.key", folder / f"{name}.pub"
    check_room(*paths)
    for path in paths:
        if os.path.lexists(path):
            raise OutputError(f"{path} exists already; keys are never overwritten, name another")
    made: list[Path] = []
    try:
        for path, data, mode in ((paths[0], secret, 0o600), (paths[1], shown, 0o644)):
            _write_new(path, data, mode, made)
    except BaseException:
        # Half a pair is of no use, and would keep the next try from using the name.
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    return *paths, key_id(public)


def _write_new(path: Path, data: bytes, mode: int, made: list[Path]) -> None:
    """Write a file that nobody has made yet; it is among ``made`` as soon as it is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        made.append(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def key_id(key: Ed25519PublicKey) -> str:
    """64 hexadecimal digits that name a public key."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def load_private(spec: str) -> Ed25519PrivateKey:
    """The private key in a PEM file, or with ``env:NAME`` in an environment variable.

    Raises:
        UsageError: there is none, or it is no unencrypted Ed25519 key.
    """
    data = _read(spec)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{spec}: expected an unencrypted private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{spec}: expected an Ed25519 key; make one with `gatekeeper keygen`")
    return key


def load_public(spec: str) -> Ed25519PublicKey:
    """The public key in a PEM file, or with ``env:NAME`` in an environment variable.

    Raises:
        UsageError: there is none, or it is no Ed25519 public key.
    """
    data = _read(spec)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            f"{spec}: expected a public key in PEM form, as `gatekeeper keygen` writes"
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{spec}: expected an Ed25519 public key")
    return key


def _read(spec: str) -> bytes:
    if spec.startswith(ENVIRONMENT_PREFIX):
        name = spec.removeprefix(ENVIRONMENT_PREFIX)
        text = os.environ.get(name)
        if not text:
            raise UsageError(f"the environment variable {name} is not set; it should hold a key in PEM form")
        return text.encode("utf-8", "surrogateescape")
    try:
        with open_regular(spec) as file:
            return file.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the key {spec}: {why(error)}") from None
