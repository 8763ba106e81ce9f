"""Text from elsewhere on a line of ours: names of plug-ins and files, what a library says."""

_JOINERS = "\u200c\u200d"  # emoji and several scripts are made with them


def printable(text: str) -> str:
    r"""The text on one line, with everything a terminal would act on, or not show, as U+FFFD.

    Example:
        >>> printable("two\nwords \x1b[31m")
        'two words �[31m'
    """
    line = " ".join(text.split())
    return "".join(each if each.isprintable() or each in _JOINERS else "\ufffd" for each in line)
