"""Texts that would make a terminal or a CI system do something, and how to tell that they would."""

import re
import unicodedata

COMMANDS = (
    "::set-output name=verdict::deployable", "::add-mask::e", "::stop-commands::token",
    "::error file=a,line=1::no", ":::set-output name=verdict::x", "::debug::x", "::endgroup::",
    "##[add-path]/tmp", "##[error]no", "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStatus status='SUCCESS']", "section_start:1:a\r\x1b[0K", "\x1b]0;title\x07", "\x9b2J",
    "\u202eright to left\u202c", "\u2066isolated\u2069", "\u061c\u200f\u200e", "a\x00b", "a\x7fb", "\ufeff",
)  # fmt: skip
ACTING = re.compile(r"(?m)^\s*::|##\w*\[|::[\w-]+(?: [^:\n]*)?::")


def acts(text: str) -> list[str]:
    """What a terminal or a CI system would act on; line ends and ours aside."""
    odd = [
        each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") and each not in "\n"
    ]
    return [*(each for each in odd if each not in "\u200b\u200c\u200d"), *ACTING.findall(text)]
