"""What an error of a library, a plug-in or a model says, fit to stand in a line of ours."""

_UNSAFE = ("weights_only", "weights only load failed", "safe_globals")
"""How torch speaks of loading a file with its protection off."""

_REFUSED = "torch will not unpickle the file, because it holds more than tensors and plain values"

_LONGEST = 400


def without_advice(text: str) -> str:
    """A text of a library without the lines in which torch advises to load a file unsafely.

    torch answers a file that it will not unpickle with the advice to switch its protection off. That
    advice is never passed on, whoever called torch: what has been refused is said instead.
    """
    lines: list[str] = []
    for line in text.splitlines():
        if not any(each in line.lower() for each in _UNSAFE):
            lines.append(line)
        elif _REFUSED not in lines:
            lines.append(_REFUSED)
    return "\n".join(lines)


def reason(error: BaseException) -> str:
    r"""The first line of an error, or its type where it says nothing.

    Example:
        >>> reason(ValueError("no\nsuch size")), reason(KeyError())
        ('no', 'KeyError')
        >>> reason(RuntimeError("Weights only load failed. You can set `weights_only=False`"))
        'torch will not unpickle the file, because it holds more than tensors and plain values'
    """
    text = without_advice(str(error).strip())
    return text.splitlines()[0][:_LONGEST] if text else type(error).__name__
