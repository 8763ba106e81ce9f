"""What to do with a file that is no ``.npz``: told from its first bytes, whatever it is called."""

from pathlib import Path

from schemas.errors import DataError
from schemas.reading.file_kinds import NPZ, UNKNOWN, ZIP, kind_of

_ARRAYS = "vectors=..., article_indices=..., chunk_indices=..."
_BUILD = "make a data set of it: gatekeeper data build FILE"
_MODEL = "a model comes first, then its bank: gatekeeper eval MODEL --bank BANK"
_BY_NAME = {
    "npy": f"one array says of no row which article it is from; {_BUILD} --ids IDS",
    "faiss": f"it holds vectors, but not their articles; {_BUILD} --ids IDS",
    "hdf5": f"read it with h5py and write numpy.savez('bank.npz', {_ARRAYS})",
    "parquet": _BUILD,
    "arrow": _BUILD,
    "pickle": f"it could run code, so it is never loaded; write numpy.savez('bank.npz', {_ARRAYS})",
    "json": "texts are JSON lines in *.jsonl, for `gatekeeper data build`; of a data set name the folder",
    "text": "tables are called *.csv or *.tsv, texts in JSON lines *.jsonl, for `gatekeeper data build`",
    "git-lfs": "fetch the file itself with `git lfs pull`",
    "page": "download the file itself",
    "empty": "copy or write the file again",
}
_BY_ROLE = {
    "model": _MODEL,
    "foreign model": _MODEL,
    "table": f"write its columns with numpy.savez('bank.npz', {_ARRAYS})",
    "report": "show a report with `gatekeeper report`",
    "archive": "unpack it first",
}


def refuse_other_kind(path: Path) -> None:
    """Refuse a file that is recognised as something else than an ``.npz``.

    Raises:
        DataError: it is; the message says what was found and what to do with that.
    """
    try:
        kind = kind_of(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if kind in (NPZ, ZIP, UNKNOWN):
        return
    advice = _BY_NAME.get(kind.name, _BY_ROLE.get(kind.role))
    raise DataError(f"{path} is {kind.noun}; expected a complete .npz file{f': {advice}' if advice else ''}")
