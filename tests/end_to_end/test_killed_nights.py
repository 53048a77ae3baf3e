"""A night whose engine or run is killed comes to the tables of a night that nobody disturbed.

A lost engine is replaced and the step tried again, so that the night often ends well by itself; when it does not, it is run again.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.corner_shop import CornerShop, day

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kill:
    """What is killed, and the moment: the first in which `is_now` sees that the night has begun to write something."""

    victim: str
    while_writing: str
    folder: str
    files: str

    def moment(self, shop: CornerShop) -> Callable[[], bool]:
        """True as soon as a file is in the folder that is not there yet."""
        folder = shop.lake / self.folder
        before = set(folder.glob(self.files))
        return lambda: bool(set(folder.glob(self.files)) - before)


# One night each, in this order: the first loads and rebuilds everything, those after it add and correct rows.
KILLS = (
    Kill("engine", "ingest has noted a batch and writes bronze", "ingest/pending", "*.json"),
    Kill("engine", "the MERGE into silver writes its files", "warehouse/silver/orders", "**/*.parquet"),
    Kill("engine", "dbt writes the facts", "warehouse/gold_build/fct_order_items", "**/*.parquet"),
    Kill("run", "dbt writes the profiles", "warehouse/gold_build/dim_customers", "**/*.parquet"),
    Kill("run", "ingest writes bronze", "warehouse/bronze/corner_shop__till", "**/*.parquet"),
)
DAYS_BEFORE = 10


def _kill_in(shop: CornerShop, kill: Kill, number: int) -> int:
    """Run the night and kill in its midst; its exit code."""
    is_now = kill.moment(shop)
    process = shop.start("run", "--date", str(day(number)))
    while process.poll() is None and not is_now():
        time.sleep(0.002)
    assert process.poll() is None, f"the moment never came: {kill.while_writing}"
    if kill.victim == "engine":
        os.kill(json.loads((shop.lake / "engine" / "state.json").read_text(encoding="utf-8"))["pid"], signal.SIGKILL)
    else:
        process.kill()
    process.communicate(timeout=900)
    return process.returncode


@pytest.mark.parametrize("kills", [pytest.param(KILLS[1:2], marks=pytest.mark.proof), KILLS], ids=["one", "all"])
def test_a_killed_night_run_again_equals_an_undisturbed_one(tmp_path: Path, kills: Sequence[Kill]) -> None:
    undisturbed, disturbed = CornerShop(tmp_path / "undisturbed"), CornerShop(tmp_path / "disturbed")
    undisturbed.open()
    undisturbed.land(0, DAYS_BEFORE + len(kills) - 1)
    expected = []
    with undisturbed.engine():
        for number in range(DAYS_BEFORE, DAYS_BEFORE + len(kills)):
            undisturbed.night(number)
            expected.append(undisturbed.results())
    disturbed.open(key_of=undisturbed)
    disturbed.land(0, DAYS_BEFORE + len(kills) - 1)

    for place, kill in enumerate(kills):
        if _kill_in(disturbed, kill, DAYS_BEFORE + place) != 0:
            disturbed.night(DAYS_BEFORE + place)

        assert disturbed.results() == expected[place], f"killed {kill.victim} while {kill.while_writing}"
