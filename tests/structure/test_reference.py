"""The pages that are written from contracts are as the contracts say."""

from pathlib import Path

import pytest

from spark_jobs.marts.reference import pages

PAGES = pages()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_generated_page_is_up_to_date(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file], "run: python -m spark_jobs.marts.reference"
