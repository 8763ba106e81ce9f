"""The smallest files of each format of a model, holding nothing that could be loaded."""

import io
import json
import zipfile
from collections.abc import Mapping

MEMBERS = {
    "pt": ("m/data.pkl", "m/version"),
    "torchscript": ("m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"),
    "exported": ("m/archive_format", "m/models/model.json"),
}


def zipped(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive whose bytes depend on its members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
    return buffer.getvalue()


def model_bytes(content: bytes = b"", form: str = "pt") -> bytes:
    """A file that is of a format by its content."""
    if form == "safetensors":
        header = json.dumps({"__metadata__": {"content": content.hex()}}).encode()
        return len(header).to_bytes(8, "little") + header
    return zipped({**dict.fromkeys(MEMBERS[form], b""), "m/data/0": content})
