"""A lake that an earlier release made, upgraded: the same orders, money and customers afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT
from tests.end_to_end.corner_shop import CornerShop, day

FIRST_RELEASE = "f065590"
LAST = 2

pytestmark = pytest.mark.slow


class OldShop(CornerShop):
    """The corner shop, with commands of a chosen release."""

    def with_code(self, code: Path, *command: str, check: bool = True) -> tuple[int, str]:
        """Run `cdp …` of a release to its end."""
        environment = self.environment | {"PYTHONPATH": str(code), "CDP_START_UP_ARCHIVE": "skip"}
        program = [sys.executable, str(code / "cdp.py"), *command]
        done = subprocess.run(program, env=environment, cwd=code, capture_output=True, text=True, timeout=900, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def totals(self) -> tuple[int, Decimal, int, int]:
        """Orders, sales, order lines and customers that gold shows."""
        orders, customers = self.gold("fct_orders"), self.gold("dim_customers")
        return len(orders), sum(orders.sales_amount, Decimal(0)), len(self.gold("fct_order_items")), len(customers)


def _archived(commit: str, folder: Path) -> Path:
    """The code of an earlier commit; skips the test where the history is not there."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=PROJECT_ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"commit {commit} is not in this clone")
    subprocess.run(["tar", "-x"], cwd=folder, input=packed.stdout, check=True)
    if (PROJECT_ROOT / "build").exists():  # downloads of the set-up
        (folder / "build").symlink_to((PROJECT_ROOT / "build").resolve())
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldShop]:
    """Three days of the shop, run by the first release."""
    root = tmp_path_factory.mktemp("old")
    code = _archived(FIRST_RELEASE, root / "code")
    shop = OldShop(root)
    shop.open()
    shop.land(0, LAST)
    shop.with_code(code, "run", "--date", str(day(LAST)), "--models", "none")
    yield shop
    shop.with_code(PROJECT_ROOT, "engine", "down", check=False)


def test_a_lake_of_the_first_release_is_refused_rehearsed_upgraded_and_has_the_same_totals(shop: OldShop) -> None:
    # given what the old release published
    before = shop.totals()
    assert before[0] > 100
    last = ("run", "--date", str(day(LAST)), "--models", "none")

    # when today's release is to run, it refuses; reading works
    refused, said = shop.with_code(PROJECT_ROOT, *last, check=False)
    _, counted = shop.with_code(PROJECT_ROOT, "sql", "--json", "select count(*) as n from fct_orders")
    assert refused == 2
    assert "run: cdp upgrade" in said
    assert f'"n": {before[0]}' in counted

    # and a rehearsal changes nothing
    files = sorted(file for file in (shop.lake / "warehouse").rglob("*") if file.is_file())
    _, said = shop.with_code(PROJECT_ROOT, "upgrade", "--rehearse")
    assert "This was a rehearsal" in said
    assert sorted(file for file in (shop.lake / "warehouse").rglob("*") if file.is_file()) == files
    assert not (shop.lake / "rehearsal").exists()
    assert not (shop.lake / "format.json").exists()

    # and the upgrade goes through; repeated, it has nothing to do
    _, said = shop.with_code(PROJECT_ROOT, "upgrade", "--yes")
    assert f"cdp run --date {day(LAST)}" in said
    assert json.loads((shop.lake / "format.json").read_text(encoding="utf-8")) == {"version": 2}
    assert "nothing to upgrade" in shop.with_code(PROJECT_ROOT, "upgrade", "--yes")[1]

    # then the same night gives the same totals, and so does the next
    shop.with_code(PROJECT_ROOT, *last)
    assert shop.totals() == before
    shop.land(LAST + 1, LAST + 1)
    shop.with_code(PROJECT_ROOT, "run", "--date", str(day(LAST + 1)), "--models", "none")
    assert shop.totals()[0] == before[0] + 60

    # and the backup, which holds the lake as it was, goes when it is told to
    assert (shop.lake / "backups" / "format-1" / "warehouse" / "silver" / "orders" / "_delta_log").is_dir()
    shop.with_code(PROJECT_ROOT, "upgrade", "--remove-backup")
    assert not (shop.lake / "backups").exists()
