"""SQL text cut into statements."""

import pytest

from spark_jobs.engine.statements import split


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("select 1; select 2 ;\n", ["select 1", "select 2"]),
        ("select ';' as a; select `b;c`", ["select ';' as a", "select `b;c`"]),
        ("select 'it\\'s; fine'; select 2", ["select 'it\\'s; fine'", "select 2"]),
        ("-- a; b\nselect 1 /* c; d */; -- the end;", ["-- a; b\nselect 1 /* c; d */"]),
        ("", []),
        (" ;; -- nothing", []),
        ("select 'open; quote", ["select 'open", "quote"]),
    ],
)
def test_semicolons_separate_statements_outside_quotes_and_comments(text: str, statements: list[str]) -> None:
    assert split(text) == statements
