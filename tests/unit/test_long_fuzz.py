"""The fuzz tests with many more and always new examples: converters, scrubbers, readers, archives and mapping files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT

FACTOR = 15


def _fuzz_tests() -> list[str]:
    """Files whose tests take their number of examples from `tests.fuzzing`."""
    files = (PROJECT_ROOT / "tests" / "unit").rglob("test_*.py")
    return sorted(
        str(file) for file in files if re.search(r"^from tests.fuzzing import", Path(file).read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.slow
def test_many_new_examples_find_no_value_file_or_mapping_that_breaks_its_reader() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *_fuzz_tests()]

    done = subprocess.run(
        command, env={**os.environ, "FUZZ_FACTOR": str(FACTOR)}, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT
    )

    assert done.returncode == 0, done.stdout[-5_000:]
