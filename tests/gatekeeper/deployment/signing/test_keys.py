"""A pair of keys is made: what its files are, and that none is ever overwritten."""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gatekeeper.deployment.signing.keys import generate, key_id, load_private, load_public
from schemas.errors import OutputError, UsageError

MESSAGE = b"a message"


@pytest.fixture
def umask() -> Iterator[None]:
    """The usual one, whoever runs the tests."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_pair_belongs_together(tmp_path: Path) -> None:
    private, public, name = generate(tmp_path, "ci")
    assert (private, public) == (tmp_path / "ci.key", tmp_path / "ci.pub")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ci.key", "ci.pub"]
    signature = load_private(str(private)).sign(MESSAGE)
    load_public(str(public)).verify(signature, MESSAGE)
    assert name == key_id(load_public(str(public))) == key_id(load_private(str(private)).public_key())


def test_a_pair_can_be_read_without_our_code(tmp_path: Path) -> None:
    private, public, _ = generate(tmp_path, "ci")
    secret = load_pem_private_key(private.read_bytes(), password=None)
    shown = load_pem_public_key(public.read_bytes())
    assert isinstance(secret, ed25519.Ed25519PrivateKey)
    assert isinstance(shown, ed25519.Ed25519PublicKey)
    shown.verify(secret.sign(MESSAGE), MESSAGE)


def test_no_two_pairs_are_the_same(tmp_path: Path) -> None:
    assert len({generate(tmp_path, f"key {number}")[2] for number in range(20)}) == 20


def test_an_id_is_the_digest_of_the_public_key_as_der(tmp_path: Path) -> None:
    _, public, name = generate(tmp_path, "ci")
    key = load_pem_public_key(public.read_bytes())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert name == hashlib.sha256(der).hexdigest()
    # SubjectPublicKeyInfo of Ed25519 by hand, RFC 8410: the algorithm 1.3.101.112, then the raw key.
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert der == bytes.fromhex("302a300506032b6570032100") + raw


def test_the_id_of_a_known_key() -> None:
    """The public key of RFC 8032's first test vector."""
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    der = bytes.fromhex("302a300506032b6570032100") + raw
    assert key_id(ed25519.Ed25519PublicKey.from_public_bytes(raw)) == hashlib.sha256(der).hexdigest()


@pytest.mark.usefixtures("umask")
def test_only_the_owner_may_read_the_private_key(tmp_path: Path) -> None:
    private, public, _ = generate(tmp_path, "ci")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644


def test_a_generous_umask_opens_the_private_key_to_nobody(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private, _, _ = generate(tmp_path, "ci")
    finally:
        os.umask(before)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["key", "pub"])
@pytest.mark.parametrize("what", ["file", "folder", "link", "dangling link"])
def test_nothing_is_overwritten(tmp_path: Path, suffix: str, what: str) -> None:
    path = tmp_path / f"ci.{suffix}"
    (tmp_path / "other").write_bytes(b"precious")
    if what == "file":
        path.write_bytes(b"precious")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("other" if what == "link" else "nowhere")
    with pytest.raises(OutputError) as caught:
        generate(tmp_path, "ci")
    assert str(path) in str(caught.value)
    assert (tmp_path / "other").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    if what == "file":
        assert path.read_bytes() == b"precious"
    if what != "dangling link":
        assert str(caught.value) == f"{path} exists already; keys are never overwritten, name another"
        others = {each.name for each in tmp_path.iterdir()} - {"other", path.name}
        assert others == set()


@pytest.mark.parametrize("suffix", ["key", "pub"])
def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"ci.{suffix}"
    path.write_bytes(b"precious")
    with monkeypatch.context() as patch:
        patch.setattr(os.path, "lexists", lambda path: False)
        patch.setattr(Path, "exists", lambda path: False)
        with pytest.raises(OutputError) as caught:
            generate(tmp_path, "ci")
    assert str(caught.value) == f"cannot write {path}: File exists"
    assert path.read_bytes() == b"precious"


def test_a_pair_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "ci.pub").symlink_to("nowhere")
    with pytest.raises(OutputError):
        generate(tmp_path, "ci")
    assert not (tmp_path / "ci.key").exists()


def test_a_pair_is_never_made_twice(tmp_path: Path) -> None:
    private, public, _ = generate(tmp_path, "ci")
    before = private.read_bytes(), public.read_bytes()
    with pytest.raises(OutputError):
        generate(tmp_path, "ci")
    assert (private.read_bytes(), public.read_bytes()) == before


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["open", "write", "fsync"])
@pytest.mark.parametrize("passing", [0, 1])
def test_a_full_disk_leaves_nothing_that_would_block_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, step: str, passing: int
) -> None:
    left = passing

    def at(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any) -> Any:  # noqa: ANN401
            nonlocal left
            left -= 1
            if left < 0:
                raise error
            return real(*arguments)

        return operation

    with monkeypatch.context() as patch:
        if step == "write":

            class File(io.FileIO):
                def write(self, data: Any, /) -> int:  # noqa: ANN401
                    wrote: int = at(super().write)(data)
                    return wrote

            patch.setattr(os, "fdopen", File)
        else:
            patch.setattr(os, step, at(getattr(os, step)))
        with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
            generate(tmp_path, "ci")
    assert list(tmp_path.iterdir()) == []
    generate(tmp_path, "ci")


@pytest.mark.parametrize("name", ["a/b", "/a", "a/", "", ".", "../a", "a\0b"])
def test_a_name_with_folders_is_no_name_of_a_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        generate(tmp_path, name)
    assert str(caught.value) == f"{name!r} is no name for a key: expected one without folders"
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_file_can_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        generate(tmp_path, "x" * 300)
    with pytest.raises(OutputError, match="No such file or directory"):
        generate(tmp_path / "nowhere", "ci")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="Not a directory"):
        generate(tmp_path / "file", "ci")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
