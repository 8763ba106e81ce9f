"""What an error of a library, a plug-in or a model says, fit to stand in a line of ours."""

_UNSAFE = ("weights_only", "weights only load failed", "safe_globals")
"""How torch speaks of loading a file with its protection off."""

_LONGEST = 400


def reason(error: BaseException) -> str:
    r"""The first line of an error, or its type where it says nothing.

    torch answers a file that it will not unpickle with the advice to load it unsafely. That advice is
    never passed on, whoever called torch: what has been refused is said instead.

    Example:
        >>> reason(ValueError("no\nsuch size")), reason(KeyError())
        ('no', 'KeyError')
        >>> reason(RuntimeError("Weights only load failed. You can set `weights_only=False`"))
        'torch will not unpickle the file, because it holds more than tensors and plain values'
    """
    text = str(error).strip()
    if any(each in text.lower() for each in _UNSAFE):
        return "torch will not unpickle the file, because it holds more than tensors and plain values"
    return text.splitlines()[0][:_LONGEST] if text else type(error).__name__
