"""Envelopes: the bytes of the specification, and no other spelling of them is opened."""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.deployment.signing.envelope import PAYLOAD_TYPE, pae, seal, unseal
from gatekeeper.deployment.signing.keys import key_id
from schemas.errors import SignatureError
from tests.gatekeeper.deployment.submissions import (
    FOREIGN,
    TRUSTED,
    envelope_of,
    make_report,
    report_bytes,
)

PUBLIC = TRUSTED.public_key()
PAYLOAD = b'{"a": 1}'

IDENTITY = bytes([1, *bytes(31)])
"""The neutral point of the curve."""


# What is signed.


@pytest.mark.parametrize(
    ("kind", "payload", "encoded"),
    [
        # The example of the specification's protocol.md.
        (
            "http://example.com/HelloWorld", b"hello world",
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
        ),
        ("", b"", b"DSSEv1 0  0 "),
        ("a", b"", b"DSSEv1 1 a 0 "),
        ("", b"a", b"DSSEv1 0  1 a"),
        # Lengths are those of bytes, not of characters.
        ("é", "é".encode(), b"DSSEv1 2 \xc3\xa9 2 \xc3\xa9"),
        ("→/漢", b"x", b"DSSEv1 7 \xe2\x86\x92/\xe6\xbc\xa2 1 x"),
        ("😀", b"", b"DSSEv1 4 \xf0\x9f\x98\x80 0 "),
        # Payloads are bytes, whatever they hold.
        ("t", b"\x00\xff 1 \n", b"DSSEv1 1 t 6 \x00\xff 1 \n"),
        ("t", b"0123456789" * 10, b"DSSEv1 1 t 100 " + b"0123456789" * 10),
    ],
)  # fmt: skip
def test_the_encoding_is_that_of_the_specification(kind: str, payload: bytes, encoded: bytes) -> None:
    assert pae(kind, payload) == encoded


def test_no_two_pairs_of_type_and_payload_have_one_encoding() -> None:
    words = ["", " ", "a", "1", "a 1", "1 a", " 1 a", "a 1 a", "2 aa", "DSSEv1 1 a 1 a"]
    pairs = list(itertools.product(words, words))
    assert len({pae(kind, payload.encode()) for kind, payload in pairs}) == len(pairs)


# Sealing and opening.


@pytest.mark.parametrize(
    "payload", [b"", b"{}", PAYLOAD, b"\x00\xff" * 50, "漢".encode(), bytes(range(256)) * 40]
)
def test_what_was_sealed_comes_back(payload: bytes) -> None:
    opened = unseal(seal(payload, TRUSTED), [PUBLIC])
    assert opened.payload == payload
    assert opened.signer == key_id(PUBLIC)


def test_an_envelope_is_the_same_every_time() -> None:
    assert seal(PAYLOAD, TRUSTED) == seal(PAYLOAD, TRUSTED)
    assert seal(PAYLOAD, TRUSTED) != seal(PAYLOAD, FOREIGN)


def test_an_envelope_can_be_verified_without_our_code() -> None:
    envelope = json.loads(seal(PAYLOAD, TRUSTED))
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    (signature,) = envelope["signatures"]
    der = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert signature["keyid"] == hashlib.sha256(der).hexdigest()
    payload = base64.b64decode(envelope["payload"], validate=True)
    assert payload == PAYLOAD
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 " + str(len(kind)).encode() + b" " + kind
    signed += b" " + str(len(payload)).encode() + b" " + payload
    PUBLIC.verify(base64.b64decode(signature["sig"], validate=True), signed)
    with pytest.raises(InvalidSignature):
        PUBLIC.verify(base64.b64decode(signature["sig"]), payload)


def test_an_envelope_made_without_our_code_is_opened_if_it_is_written_as_ours() -> None:
    kind = b"application/vnd.in-toto+json"
    signature = TRUSTED.sign(b"DSSEv1 28 " + kind + b" 8 " + PAYLOAD)
    der = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    envelope = {
        "payload": base64.b64encode(PAYLOAD).decode(),
        "payloadType": kind.decode(),
        "signatures": [
            {"keyid": hashlib.sha256(der).hexdigest(), "sig": base64.b64encode(signature).decode()}
        ],
    }
    assert unseal(f"{json.dumps(envelope, indent=2)}\n".encode(), [PUBLIC]).payload == PAYLOAD


@pytest.mark.parametrize("keys", [[TRUSTED], [FOREIGN, TRUSTED], [TRUSTED, FOREIGN], [TRUSTED, TRUSTED]])
def test_any_of_the_trusted_keys_will_do(keys: list[Ed25519PrivateKey]) -> None:
    opened = unseal(seal(PAYLOAD, TRUSTED), [key.public_key() for key in keys])
    assert opened.signer == key_id(PUBLIC)


def refusal(data: bytes, *keys: Ed25519PrivateKey) -> str:
    with pytest.raises(SignatureError) as caught:
        unseal(data, [key.public_key() for key in keys or (TRUSTED,)])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_key_that_is_not_trusted_is_named() -> None:
    theirs, ours = key_id(FOREIGN.public_key())[:12], key_id(PUBLIC)[:12]
    expected = f"signed by the key {theirs}, which is not among the trusted: {ours}"
    assert refusal(seal(PAYLOAD, FOREIGN)) == expected


def test_all_trusted_keys_are_named_to_a_key_that_is_not_among_them() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07").public_key()
    with pytest.raises(SignatureError) as caught:
        unseal(seal(PAYLOAD, FOREIGN), [PUBLIC, other])
    assert str(caught.value).endswith(f"the trusted: {key_id(PUBLIC)[:12]}, {key_id(other)[:12]}")


def test_without_a_trusted_key_nothing_is_opened() -> None:
    with pytest.raises(SignatureError, match="which is not among the trusted"):
        unseal(seal(PAYLOAD, TRUSTED), [])


def written(value: object) -> bytes:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()


def envelope(**changed: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(seal(PAYLOAD, TRUSTED))
    return {key: value for key, value in {**found, **changed}.items() if value is not None}


def signature(key: Ed25519PrivateKey = TRUSTED, **changed: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(seal(PAYLOAD, key))["signatures"][0]
    return {name: value for name, value in {**found, **changed}.items() if value is not None}


def test_control_an_envelope_written_anew_is_opened() -> None:
    assert written(envelope()) == seal(PAYLOAD, TRUSTED)
    assert written(envelope(signatures=[signature()])) == seal(PAYLOAD, TRUSTED)


def test_a_signature_under_the_id_of_a_trusted_key_is_not_believed() -> None:
    forged = signature(FOREIGN, keyid=key_id(PUBLIC))
    message = refusal(written(envelope(signatures=[forged])), TRUSTED, FOREIGN)
    assert message == f"the signature does not verify under the trusted key {key_id(PUBLIC)[:12]}"


@pytest.mark.parametrize(
    "signed",
    [
        PAYLOAD,
        pae("", PAYLOAD),
        pae("application/json", PAYLOAD),
        pae(PAYLOAD_TYPE, PAYLOAD + b" "),
        pae(PAYLOAD_TYPE, base64.b64encode(PAYLOAD)),
        pae(PAYLOAD_TYPE, PAYLOAD).replace(b"DSSEv1", b"DSSEv2"),
    ],
)
def test_a_signature_over_anything_but_type_and_payload_does_not_verify(signed: bytes) -> None:
    forged = signature(sig=base64.b64encode(TRUSTED.sign(signed)).decode())
    assert "does not verify" in refusal(written(envelope(signatures=[forged])))


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 128])
def test_a_signature_of_another_length_does_not_verify(length: int) -> None:
    real = base64.b64decode(str(signature()["sig"]))
    forged = signature(sig=base64.b64encode((real * 2)[:length]).decode())
    assert "does not verify" in refusal(written(envelope(signatures=[forged])))


def test_a_signature_with_another_scalar_of_the_same_residue_does_not_verify() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    real = base64.b64decode(str(signature()["sig"]))
    scalar = int.from_bytes(real[32:], "little") + order
    forged = signature(sig=base64.b64encode(real[:32] + scalar.to_bytes(32, "little")).decode())
    assert "does not verify" in refusal(written(envelope(signatures=[forged])))


@pytest.mark.parametrize("forged", [bytes(64), IDENTITY + bytes(32), b"\xff" * 64])
def test_an_empty_signature_does_not_verify(forged: bytes) -> None:
    made = signature(sig=base64.b64encode(forged).decode())
    assert "does not verify" in refusal(written(envelope(signatures=[made])))


@pytest.mark.parametrize(
    ("signatures", "count"),
    [
        ([], 0),
        ([signature(), signature()], 2),
        ([signature(), signature(FOREIGN)], 2),
        ([signature(FOREIGN), signature()], 2),
        ([signature()] * 50, 50),
        ({"0": signature()}, "none"),
        ("", "none"),
        (1, "none"),
        (signature(), "none"),
    ],
)
def test_exactly_one_signature_is_expected(signatures: object, count: object) -> None:
    message = refusal(written(envelope(signatures=signatures)), TRUSTED, FOREIGN)
    assert message == f"expected exactly one signature, found {count}"


@pytest.mark.parametrize(
    "only",
    [
        signature(keyid=None), signature(sig=None), signature(extra=1), signature(keyid=1),
        signature(keyid=["a"]), None, [], "sig", 1,
    ],
)  # fmt: skip
def test_a_signature_has_a_key_and_a_value_and_nothing_else(only: object) -> None:
    assert refusal(written(envelope(signatures=[only]))) == "expected a signature with keyid and sig"


@pytest.mark.parametrize(
    "name", ["", "0" * 64, key_id(PUBLIC)[:63], key_id(PUBLIC).upper(), f"{key_id(PUBLIC)} ", "\u202e", "\0"]
)
def test_an_id_that_is_not_exactly_that_of_a_key_is_of_no_key(name: str) -> None:
    assert "which is not among the trusted" in refusal(written(envelope(signatures=[signature(keyid=name)])))


@pytest.mark.parametrize(
    "kind", ["", "application/json", "application/vnd.in-toto+JSON", f"{PAYLOAD_TYPE} ", 1, ["x"], {}, True]
)
def test_another_type_of_payload_is_refused(kind: object) -> None:
    assert refusal(written(envelope(payloadType=kind))).startswith(
        f"expected the payload type {PAYLOAD_TYPE}, found {kind!r}"
    )


@pytest.mark.parametrize("kind", ["application/json", ""])
def test_another_type_of_payload_is_refused_even_if_it_was_signed(kind: str) -> None:
    made = signature(sig=base64.b64encode(TRUSTED.sign(pae(kind, PAYLOAD))).decode())
    assert "expected the payload type" in refusal(written(envelope(payloadType=kind, signatures=[made])))


@pytest.mark.parametrize(
    "value",
    [
        envelope(payload=None), envelope(payloadType=None), envelope(signatures=None), envelope(extra=1),
        {}, [], None, 1, "text", [envelope()],
    ],
)  # fmt: skip
def test_an_envelope_has_three_parts_and_no_more(value: object) -> None:
    assert refusal(written(value)).startswith("expected a DSSE envelope")


@pytest.mark.parametrize(
    "text", ["?", "a", "YQ", "YQ==\n", " YQ==", "YQ=", "YQ===", "é", "Y-Q_", 1, [], {}, True]
)
@pytest.mark.parametrize("place", ["payload", "sig"])
def test_text_that_is_not_base64_is_refused(text: object, place: str) -> None:
    value = envelope(payload=text) if place == "payload" else envelope(signatures=[signature(sig=text)])
    assert refusal(written(value)) in (
        "expected base64 text in the envelope",
        # Some decoders forgive it; what they read is not what was written.
        "the envelope is not written as gatekeeper writes it; sign the report again",
    )


@pytest.mark.parametrize("text", ["?", "a", "é", "Y-Q_", "Y Q=", 1, [], {}, True, None])
def test_characters_that_base64_does_not_have_are_not_passed_over(text: object) -> None:
    value = {**envelope(), "payload": text}
    assert refusal(written(value)) == "expected base64 text in the envelope"


def test_base64_with_other_spare_bits_is_refused() -> None:
    text = str(envelope()["payload"])
    assert text.endswith("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = text.rstrip("=")[-1]
    others = [each for each in alphabet if each != last]
    padding = len(text) - len(text.rstrip("="))
    same = [
        changed
        for each in others
        if base64.b64decode(changed := text.rstrip("=")[:-1] + each + "=" * padding) == PAYLOAD
    ]
    assert same
    for changed in same:
        assert "not written as gatekeeper writes it" in refusal(written(envelope(payload=changed)))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.rstrip(b"\n"),
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"  ", b"\t"),
        lambda data: data.replace(b"  ", b""),
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: json.dumps(json.loads(data), sort_keys=True, indent=2).encode() + b" \n",
        lambda data: json.dumps(json.loads(data), indent=4).encode() + b"\n",
        lambda data: written(dict(reversed(json.loads(data).items()))),
        lambda data: data.replace(b"keyid", b"\\u006beyid"),
        lambda data: data.replace(b"in-toto+json", b"in-toto\\u002bjson"),
        lambda data: data.replace(b"vnd", b"v\\u006ed"),
        lambda data: data.replace(b"/", b"\\/"),
    ],
)
def test_another_spelling_of_the_same_envelope_is_refused(change: Callable[[bytes], bytes]) -> None:
    data = seal(PAYLOAD, TRUSTED)
    changed = change(data)
    assert changed != data
    assert json.loads(changed) == json.loads(data)
    assert refusal(changed) == "the envelope is not written as gatekeeper writes it; sign the report again"


@pytest.mark.parametrize(
    "data",
    [
        b"", b" ", b"{", b"null", b"\xff", b"\xef\xbb\xbf{}", b"[" * 1000, b'{"payload": NaN}',
        b'{"payload": "", "payload": ""}', b'{"payload": "\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_strict_json_is_no_envelope(data: bytes) -> None:
    refusal(data)


def test_an_envelope_is_refused_before_its_payload_is_looked_at() -> None:
    broken = written(envelope(payload=base64.b64encode(b"{" * 10_000).decode()))
    assert "does not verify" in refusal(broken)


def test_every_envelope_cut_short_or_continued_is_refused() -> None:
    report = make_report("a" * 64)
    data = envelope_of(report, report_bytes(report), TRUSTED)
    for length in range(len(data)):
        refusal(data[:length])
    for more in (b" ", b"\n", b"\0", b"{}", data):
        refusal(data + more)
