"""`cdp sql` as a person types it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("engine")


def cdp_sql(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "cdp.py", "sql", *arguments], capture_output=True, text=True, timeout=120, check=False, input=stdin
    )


def test_a_query_comes_out_as_a_table() -> None:
    done = cdp_sql("select 1 as one, 'zwei' as two")

    assert done.returncode == 0, done.stderr
    assert "one" in done.stdout
    assert "zwei" in done.stdout
    assert "1 row" in done.stdout


def test_json_is_for_programs() -> None:
    done = cdp_sql("--json", "select 1.50bd as amount, date'2017-12-31' as day, cast(null as int) as nothing, array(1, 2) as list")

    assert json.loads(done.stdout) == [{"amount": 1.5, "day": "2017-12-31", "nothing": None, "list": "[1,2]"}]


def test_csv_from_standard_input_has_all_rows() -> None:
    done = cdp_sql("--csv", stdin="select id from range(1000) order by id")

    assert done.stdout.splitlines() == ["id", *map(str, range(1000))]


def test_a_table_stops_after_a_hundred_rows_and_says_so() -> None:
    done = cdp_sql("select id from range(1000)")

    assert "the first 100 rows" in done.stdout


def test_a_file_may_hold_several_statements(tmp_path: Path) -> None:
    file = tmp_path / "report.sql"
    file.write_text("-- two; statements\nuse ops;\nselect current_schema() as here;", encoding="utf-8")

    done = cdp_sql("--file", str(file), "--csv")

    assert done.stdout == "here\nops\n"


def test_unqualified_names_are_golds() -> None:
    assert cdp_sql("--csv", "select current_schema() as here").stdout == "here\ngold\n"


def test_a_mistake_is_one_readable_line() -> None:
    done = cdp_sql("selec 1")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip() == "error: PARSE_SYNTAX_ERROR at line 1, column 1: Syntax error at or near 'selec'."


def test_an_unknown_table_comes_with_names_that_look_like_it() -> None:
    cdp_sql("create or replace view gold.dim_shoppers as select 1 as a")

    done = cdp_sql("select * from dim_shopers")

    assert "did you mean dim_shoppers" in done.stderr
    assert "Traceback" not in done.stderr
    cdp_sql("drop view gold.dim_shoppers")


def test_nothing_to_run_is_said_with_the_remedy() -> None:
    done = cdp_sql("-", stdin=" ; ")

    assert done.returncode == 1
    assert "nothing to run" in done.stderr


def test_a_query_imports_neither_pyspark_nor_pandas() -> None:
    heavy = "sorted({'pyspark', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    program = f"import atexit, sys, cdp; atexit.register(lambda: print({heavy}, file=sys.stderr))\n"
    program += "sys.argv = ['cdp', 'sql', 'select 1']\ncdp.main()\n"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)

    assert done.stderr.strip().splitlines()[-1] == "[]"


HOSTILE = [
    "timestamp_millis(1709208060000000)",
    "date'0001-01-01' - interval 2 years",
    "cast('NaN' as double)",
    "cast('-Infinity' as float)",
    "unhex('00ff')",
    "named_struct('at', timestamp_millis(1709208060000000), 'b', unhex('00'))",
    "map(1, array(cast('NaN' as double)), 2, null)",
    "interval 3 months",
    "interval 3 days 2 hours",
    "null",
    "cast('9' as decimal(38,37))",
    "'line' || chr(10) || 'break' || chr(0) || chr(27) || '[31m'",
    "'[bold]no markup[/nothing]'",
    "'😀'",
]


@pytest.mark.parametrize("how", [[], ["--json"], ["--csv"]])
def test_values_that_python_has_no_object_for_are_shown_as_text(how: list[str]) -> None:
    done = cdp_sql(*how, f"select {', '.join(f'{value} as c{number}' for number, value in enumerate(HOSTILE))}")

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if how == ["--json"]:
        (row,) = json.loads(done.stdout)
        assert (row["c0"], row["c2"], row["c3"], row["c4"]) == ("+56132-08-24 16:40:00", "nan", "-inf", "00ff")
        assert row["c13"] == "😀"


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 / 0",
        "select cast('x' as int)",
        "select 'open",
    ],
)
def test_a_query_that_fails_gives_one_line(statement: str) -> None:
    done = cdp_sql(statement)

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_file_that_is_no_text_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "report.sql"
    file.write_bytes("select 'é'".encode("latin-1"))

    done = cdp_sql("--file", str(file))

    assert done.returncode == 1
    assert "is no UTF-8 text" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_without_the_characters_gets_them_escaped() -> None:
    for how in ([], ["--csv"], ["--json"]):
        done = subprocess.run(
            [sys.executable, "cdp.py", "sql", *how, "select 'Zoë 😀' as a"],
            capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip

        assert done.returncode == 0, done.stderr
        assert "Zo\\xeb \\U0001f600" in done.stdout


def test_an_interrupted_query_ends_at_once_and_in_one_line() -> None:
    slow = "select count(*) from range(100000000) a join range(100000) b on a.id % 7 = b.id % 5 where hash(a.id, b.id) = 3"
    running = subprocess.Popen([sys.executable, "cdp.py", "sql", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(8)

    running.send_signal(signal.SIGINT)
    try:
        _, stderr = running.communicate(timeout=20)
    finally:
        running.kill()

    assert (running.returncode, stderr.strip()) == (130, "stopped")
