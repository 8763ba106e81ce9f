"""How much memory an input file may ask for, told from its size before anything is inflated.

A few hundred bytes can declare, or inflate to, many gigabytes. What is read from a file is therefore
counted against an allowance that grows with the file. Uncompressed files of ordinary arrays need a
small part of it; a file that is refused although it is honest is read once it is stored uncompressed.
"""

from schemas.errors import DataError

_PER_BYTE, _FREE = 16, 160 * 2**20
_TEXT = (300, 3 * 2**30)
_VECTORS = (100, 2**30)


class Allowance:
    """What is left of the memory that one file may take."""

    def __init__(self, size: int, source: str, advice: str = "store it uncompressed (numpy.savez)") -> None:
        """For a file of ``size`` bytes, called ``source`` in messages, which end in ``advice``."""
        self._size, self._source, self._advice = size, source, advice
        self._left = self._most = _PER_BYTE * size + _FREE

    def spend(self, amount: int, what: str) -> None:
        """Take ``amount`` bytes off for ``what``, before they are used.

        Raises:
            DataError: so much is not left.
        """
        self._left -= amount
        if self._left < 0:
            raise DataError(
                f"{self._source}: {what} would bring the memory for this file of {_size(self._size)} above "
                f"{_size(self._most)}; if that is meant, {self._advice}"
            )

    def check_text(self, amount: int, what: str) -> None:
        """Refuse to read padded text, in blocks, that would take too long.

        It compresses over 100:1 in honest files, so the limit is far.

        Raises:
            DataError: it declares too many bytes.
        """
        self._check(amount, what, *_TEXT)

    def check_vectors(self, amount: int, what: str) -> None:
        """Refuse to read vectors, in blocks, that would take too long; windows repeat each several times.

        Raises:
            DataError: they declare too many bytes.
        """
        self._check(amount, what, *_VECTORS)

    def _check(self, amount: int, what: str, per_byte: int, free: int) -> None:
        most = max(per_byte * self._size, free)
        if amount > most:
            raise DataError(
                f"{self._source}: {what} inflates to {_size(amount)}, from a file of {_size(self._size)}; at "
                f"most {_size(most)} are read; if that is meant, {self._advice}"
            )


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 10**10 else f"{count / 1e9:,.1f} GB"
