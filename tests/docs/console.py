"""Console blocks of a page, run in a shell and compared with what the page shows.

A block holds ``$ command`` lines, each followed by its output, stderr among it. A line of ``...``
stands for any number of lines, ``...`` within a line for any text. Runs of blanks are equal. The last
shown digit of a number may differ by one: figures of another machine are rounded differently.

``python -m tests.docs.console --write PAGE...`` runs pages and writes what really comes out below each
command whose output has changed; read the difference, and put the dots back.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_BLOCK = re.compile(r"^ *```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(
    r"^(?P<indent> *)\$ (?P<command>(?:.*\\\n)*.*)\n(?P<shown>(?:(?! *\$ ).*\n)*)", re.MULTILINE
)
_NUMBER = re.compile(r"[-+]?\d+\.\d+")
_DOTS = "..."


@dataclass(frozen=True)
class Step:
    """A command of a page, without its comment, and the lines shown below it."""

    command: str
    shown: tuple[str, ...]


def steps_of(text: str) -> Iterator[Step]:
    """The commands of all console blocks of a page, in order; a line ending in a backslash goes on."""
    for block in _BLOCK.findall(text):
        for part in re.split(r"^ *\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Step(re.sub(r"\s+#.*", "", command).strip(), tuple(output.rstrip().splitlines()))


PROGRAMS = {
    "gatekeeper": '-m gatekeeper "$@"',
    "python": '"$@"',
    # Into a folder of its own instead of the environment of the tests, and without asking an index.
    "pip": '-m pip "$@" --disable-pip-version-check --no-deps --no-build-isolation --target "$PLUGINS"',
}


@dataclass
class Shell:
    """A shell in an empty folder with ``docs/``: the exit code of one command is seen by the next."""

    folder: Path
    code: int = 0
    place: Path = field(init=False)

    def __post_init__(self) -> None:
        self.place = self.folder
        shutil.copytree(ROOT / "docs" / "examples", self.folder / "docs" / "examples")
        shutil.copy(ROOT / "docs" / "published_5cat.py", self.folder / "docs")
        (self.folder / ".bin").mkdir()
        for name, call in PROGRAMS.items():
            script = self.folder / ".bin" / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call}\n')
            script.chmod(0o755)

    def run(self, command: str) -> str:
        """Run a command and return what it wrote, stderr among it."""
        where = self.folder / ".place"
        environment = os.environ | {
            "PATH": f"{self.folder / '.bin'}{os.pathsep}{os.environ['PATH']}",
            "PLUGINS": str(self.folder / ".plugins"),
            "PYTHONPATH": os.pathsep.join(map(str, (self.folder / ".plugins", ROOT))),
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "200",
        }
        script = f'(exit {self.code})\n{command}\ncode=$?\npwd > "{where}"\nexit $code'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.place,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.code, self.place = done.returncode, Path(where.read_text().strip())
        return done.stdout


def renewed(text: str, run: Callable[[str], str]) -> str:
    """A page whose blocks show what their commands print; what still agrees stays as it is.

    Args:
        text: of the page.
        run: runs a command and returns what it wrote.
    """

    def step(found: re.Match[str]) -> str:
        indent, command, shown = found["indent"], found["command"], found["shown"]
        plain = re.sub(r"\s+#.*", "", command.replace("\\\n", " ")).strip()
        real = run(plain).rstrip().splitlines()
        if agrees([line.removeprefix(indent) for line in shown.rstrip().splitlines()], real):
            return found[0]
        lines = (f"{indent}{line}".rstrip() + "\n" for line in real)
        return f"{indent}$ {command}\n{''.join(lines)}"

    return _BLOCK.sub(lambda block: block[0].replace(block[1], _STEP.sub(step, block[1])), text)


def agrees(shown: Sequence[str], real: Sequence[str]) -> bool:
    """Whether real lines are what a page shows."""
    # How many of the first real lines may be what was shown so far; dots allow any number from there on.
    ends = {0}
    for line in shown:
        if line.strip() == _DOTS:
            ends = set(range(min(ends, default=len(real) + 1), len(real) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(real) and line_agrees(line, real[end])}
    return len(real) in ends


def line_agrees(shown: str, real: str) -> bool:
    """Whether a real line is the shown one."""
    pattern = "".join(
        ".*?" if part == _DOTS else r"([-+]?\d+\.\d+)" if _NUMBER.fullmatch(part) else _blanks(part)
        for part in re.split(r"(\.\.\.|[-+]?\d+\.\d+(?!\.\.))", shown.strip())
    )
    found = re.fullmatch(pattern, real.strip())
    numbers = re.findall(r"[-+]?\d+\.\d+(?!\.\.)", shown)
    return found is not None and all(map(_near, numbers, found.groups()))


def _near(shown: str, real: str) -> bool:
    places = len(shown.partition(".")[2])
    return abs(float(shown) - float(real)) < 1.5 * 10.0**-places


def _blanks(text: str) -> str:
    return r"\s+".join(map(re.escape, re.split(r"\s+", text)))


def main(pages: Sequence[str]) -> None:
    """Renew pages in place."""
    os.environ["OMP_NUM_THREADS"] = "1"
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(
                renewed(page.read_text(encoding="utf-8"), Shell(Path(folder)).run), encoding="utf-8"
            )


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name != "--write"])
