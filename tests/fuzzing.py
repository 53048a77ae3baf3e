"""How many random examples the fuzz tests try: a minute's worth on every change, many more with FUZZ_FACTOR."""

import os
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("FUZZ_FACTOR", "1"))


def examples(count: int, *, seconds: float | None = None, shared_fixture: bool = False) -> Any:
    """Settings of a fuzz test: `count` examples, the same ones every time; with FUZZ_FACTOR so many times more, new ones every time.

    Args:
        count: examples on every change.
        seconds: time limit of one example; none for what is measured inside the test.
        shared_fixture: examples share a fixture of the test function, such as a folder.
    """
    return settings(
        max_examples=count * FACTOR,
        derandomize=FACTOR == 1,
        deadline=timedelta(seconds=seconds) if seconds else None,
        suppress_health_check=[HealthCheck.function_scoped_fixture] if shared_fixture else [],
    )
