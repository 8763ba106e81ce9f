"""DSSE envelopes: a payload, and one Ed25519 signature over it and its type.

Source: the Dead Simple Signing Envelope specification, version 1.0.2 (secure-systems-lab/dsse),
``protocol.md`` for the bytes that are signed and ``envelope.md`` for the JSON form.

We accept less than the specification allows: exactly one signature, by a key the verifier named, in
exactly the bytes we write. So no byte of an envelope can change without the envelope being refused.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatekeeper.deployment.signing.keys import key_id
from schemas.errors import ReportError, SignatureError
from schemas.reading.strict_json import dumps, loads

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Opened:
    """A payload whose signature holds, and the id of the key that made it."""

    payload: bytes
    signer: str


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding of type and payload.

    Example:
        >>> pae("http://example.com/HelloWorld", b"hello world")
        b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The envelope of ``payload``, signed with ``key``."""
    signature = key.sign(pae(PAYLOAD_TYPE, payload))
    return _write(payload, key_id(key.public_key()), signature)


def unseal(data: bytes, trusted: Sequence[Ed25519PublicKey]) -> Opened:
    """The payload of an envelope, after its signature was verified; it is not looked at before.

    Raises:
        SignatureError: it is no envelope as :func:`seal` writes it, of another payload type, or not
            signed by exactly one of the trusted keys.
    """
    payload, name, signature = _read(data)
    by_id = {key_id(key): key for key in trusted}
    if name not in by_id:
        raise SignatureError(
            f"signed by the key {name[:12]}, which is not among the trusted: "
            f"{', '.join(known[:12] for known in by_id)}"
        )
    try:
        by_id[name].verify(signature, pae(PAYLOAD_TYPE, payload))
    except InvalidSignature:
        raise SignatureError(f"the signature does not verify under the trusted key {name[:12]}") from None
    return Opened(payload, name)


def _write(payload: bytes, name: str, signature: bytes) -> bytes:
    return dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": name, "sig": base64.b64encode(signature).decode()}],
        }
    ).encode()


def _read(data: bytes) -> tuple[bytes, str, bytes]:
    try:
        value = loads(data)
    except ReportError as error:
        raise SignatureError(str(error)) from None
    if not isinstance(value, dict) or value.keys() != {"payload", "payloadType", "signatures"}:
        raise SignatureError("expected a DSSE envelope with payload, payloadType and signatures")
    if value["payloadType"] != PAYLOAD_TYPE:
        raise SignatureError(f"expected the payload type {PAYLOAD_TYPE}, found {value['payloadType']!r:.80}")
    signatures = value["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        count = len(signatures) if isinstance(signatures, list) else "none"
        raise SignatureError(f"expected exactly one signature, found {count}")
    only = signatures[0]
    if not isinstance(only, dict) or only.keys() != {"keyid", "sig"} or not isinstance(only["keyid"], str):
        raise SignatureError("expected a signature with keyid and sig")
    payload, signature = _decode(value["payload"]), _decode(only["sig"])
    if data != _write(payload, only["keyid"], signature):
        raise SignatureError("the envelope is not written as gatekeeper writes it; sign the report again")
    return payload, only["keyid"], signature


def _decode(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("expected base64 text in the envelope") from None
