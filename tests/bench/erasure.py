"""A thousand erasures in one batch beside one alone, on a lake of the twin: what is erased, and the scan that proves it, both with a warm engine."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from deltalake import DeltaTable

from conf.settings import PROJECT_ROOT, Settings
from tests.bench.result import Result

CUSTOMERS, DAYS, FIRST_DAY, NIGHT = 1_500, 4, "2024-01-01", "2024-01-04"
MANY = 1_000
CDP = [str(Path(sys.executable).parent / "cdp"), "--conf", str(PROJECT_ROOT / "conf" / "twin")]


def measure(settings: Settings) -> list[Result]:
    """One night over the twin's days, then one erasure, then a thousand."""
    lake = settings.lake.root
    simulated = ["--customers", str(CUSTOMERS), "--days", str(DAYS), "--first-day", FIRST_DAY]
    with TemporaryDirectory() as truth:
        _cdp("simulate", *simulated, "--out", str(settings.lake.landing), "--truth", truth)
    _cdp("engine", "up")
    try:
        _cdp("run", "--date", NIGHT, "--no-train")
        known = sorted(set(DeltaTable(lake / "warehouse" / "identity" / "customer_ids").to_pyarrow_table()["customer_id"].to_pylist()))
        one, many = _erased(known[:1]), _erased(known[1 : MANY + 1])
    finally:
        _cdp("engine", "down")
    ratio = many / one
    detail = f"{one:.0f} s for one of {len(known):,}, {many:.0f} s for {MANY:,}; 34 feeds, {CUSTOMERS:,} customers × {DAYS} days"
    return [Result("Privacy: 1,000 erasures", "≤ 2 × one", round(ratio, 2), "×", ratio <= 2, detail)]


def _erased(customers: list[str]) -> float:
    """Seconds of one batch, from the command to the certificate. The list is no part of the lake, which is scanned for it."""
    with NamedTemporaryFile("w", encoding="utf-8") as names:
        names.write("\n".join(customers))
        names.flush()
        began = time.monotonic()
        _cdp("privacy", "erase", "--from-file", names.name, "--date", NIGHT, "--yes")
        return time.monotonic() - began


def _cdp(*arguments: str) -> None:
    subprocess.run([*CDP, *arguments], env=os.environ, check=True, capture_output=True)
