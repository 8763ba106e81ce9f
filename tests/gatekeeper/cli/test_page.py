"""``--html FILE``: what could not be written is refused before any work is done."""

from pathlib import Path

import pytest

from gatekeeper.cli.page import check_page_target
from schemas.errors import OutputError, UsageError


@pytest.mark.parametrize("name", ["page.html", "PAGE.HTM"])
def test_a_page_may_go_where_a_file_can(name: str, tmp_path: Path) -> None:
    check_page_target(tmp_path / name)
    (tmp_path / name).write_text("of before")
    check_page_target(tmp_path / name)


@pytest.mark.parametrize("name", ["page", "page.json", "html"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"its name must end in \.html; found "):
        check_page_target(tmp_path / name)


def test_a_folder_that_is_not_there_is_refused_unless_the_command_makes_it(tmp_path: Path) -> None:
    page = tmp_path / "run" / "page.html"
    with pytest.raises(OutputError, match="does not exist or cannot be written"):
        check_page_target(page)
    check_page_target(page, made=tmp_path / "run")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OutputError, match="exists and is no regular file"):
        check_page_target(tmp_path / "page.html")
