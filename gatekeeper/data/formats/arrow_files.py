"""Files of record batches: Parquet, Arrow (Feather), and the streams of Hugging Face folders."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatekeeper.data.formats.arrow_library import arrow
from gatekeeper.data.formats.lines import has_name
from schemas.disk.opening import open_regular
from schemas.errors import DataError
from schemas.reading.file_kinds import HEAD, kind_of_bytes
from schemas.reasons import reason

_ENDINGS = (".parquet", ".pq", ".arrow", ".feather")
_ROWS, _BYTES = 512, 2**25  # of a batch, at most
_OLD_FEATHER = b"FEA1"


def is_arrow_file(path: Path) -> bool:
    """Whether a file is a table of columns, by its name or how it begins."""
    if has_name(path, *_ENDINGS) and not path.is_dir():
        return True
    try:
        return path.is_file() and kind_of_bytes(_head(path), size=HEAD).name in ("parquet", "arrow")
    except OSError:
        return False


def column_names(path: Path) -> list[str]:
    """The names of a file's columns.

    Raises:
        DataError: it is missing or broken.
        UsageError: pyarrow is not installed.
    """
    with _opened(path) as file:
        return list((file.schema_arrow if _is_parquet(file) else file.schema).names)


def record_batches(path: Path, names: Sequence[str]) -> Iterator[Any]:
    """Record batches of at most 512 rows, read one after the other.

    Args:
        path: the file; uncompressed Arrow is mapped.
        names: the columns that are wanted.

    Raises:
        DataError: it is missing, broken, or lacks a column.
        UsageError: pyarrow is not installed.
    """
    with _opened(path) as file:
        if _is_parquet(file):
            lacking = [name for name in names if name not in file.schema_arrow.names]  # which it passes over
            if lacking:
                raise ValueError(f"no column {lacking[0]!r}")
            yield from file.iter_batches(
                batch_size=_rows(file.metadata), columns=list(names), use_threads=False
            )
            return
        numbers = range(file.num_record_batches) if hasattr(file, "num_record_batches") else None
        for batch in file if numbers is None else map(file.get_batch, numbers):
            wanted = batch.select(list(names))
            wanted.validate(full=True)  # offsets beyond the file end the process of whoever follows them
            for start in range(0, batch.num_rows, _ROWS):
                yield wanted.slice(start, _ROWS)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A reader of a file; what the library says in many lines is said in one."""
    library = arrow()  # whose absence is no fault of the file
    try:
        head = _head(path)
        if head.startswith(_OLD_FEATHER):
            raise DataError(f"{path} is a Feather file of version 1; write it again with a later pyarrow")
        if head.startswith(b"PAR1") or has_name(path, ".parquet", ".pq"):
            # In pieces, not in whole column chunks: a row group may be as large as the file.
            with arrow("parquet").ParquetFile(path, buffer_size=2**20, pre_buffer=False) as file:
                yield file
            return
        with library.memory_map(str(path)) as mapped:
            is_file = head.startswith(b"ARROW1")
            with library.ipc.open_file(mapped) if is_file else library.ipc.open_stream(mapped) as file:
                yield file
    except (library.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or reason(error)
        raise DataError(
            f"cannot read {path}: expected a complete Parquet or Arrow file, found: {said}; copy or write it "
            "again"
        ) from None


def _is_parquet(file: Any) -> bool:  # noqa: ANN401  (pyarrow is untyped)
    return hasattr(file, "schema_arrow")


def _rows(metadata: Any) -> int:  # noqa: ANN401  (likewise)
    """Rows that are decoded at a time: fewer where they are long, as whole documents are."""
    size: int = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    rows: int = metadata.num_rows
    return max(1, min(_ROWS, _BYTES * rows // max(1, size)))


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(HEAD)
