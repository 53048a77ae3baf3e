"""A corner shop of 300 members: an overlay, files for any number of days, and a lake on which `cdp` runs as a process of its own.

Everything follows from the day: two shops that land the same days have the same files, byte for byte.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from tests.end_to_end.delta_files import read_delta, read_published

OPENED = date(2024, 3, 1)
MEMBERS = 300
RECEIPTS_A_DAY = 60
PRODUCTS = 40
GOODS = ("produce", "bakery", "dairy", "fish")

CONTRACT = """
source: corner_shop
title: Corner shop
time_zone: Asia/Shanghai
currency_code: CNY
feeds:
  till:
    files: "till/till_{date}.csv"
    on_bad_file: stop
    format: csv
    unique: [receipt, line]
    foreign_keys:
      - {name: known_product, columns: [product], feed: goods}
    columns:
      - {name: receipt, type: bigint, required: true}
      - {name: line, type: int, required: true, min: 1}
      - {name: member, type: bigint}
      - {name: product, type: string, required: true}
      - {name: units, type: "decimal(18,3)", required: true, min: 0}
      - {name: amount, type: "decimal(18,2)", required: true, min: 0}
      - {name: discount, type: "decimal(18,2)", required: true, min: 0}
      - {name: sold_at, type: timestamp, required: true, format: "yyyy-MM-dd HH:mm:ss"}
    maps:
      - entity: orders
        fields:
          order_id: receipt
          source_customer_id: member
          channel: {const: pos}
          ordered_at: sold_at
          ordered_on: {local_date: sold_at}
      - entity: order_items
        fields:
          order_item_id: {key: [receipt, line]}
          order_id: receipt
          product_id: product
          quantity: units
          sales_amount: amount
          retail_discount_amount: discount
  members:
    files: "members/members_{date}.jsonl"
    format: jsonl
    unique: [member]
    columns:
      - {name: member, type: bigint, required: true}
      - {name: phone, type: string, pii: direct, kind: phone}
      - {name: born, type: int, pii: quasi, min: 1900, max: 2024}
    maps:
      - entity: customers
        fields: {source_customer_id: member, phone_token: phone, birth_year: born}
  goods:
    files: "goods/goods_{date}.csv"
    format: csv
    unique: [product]
    columns:
      - {name: product, type: string, required: true}
      - {name: department, type: string, required: true}
    maps:
      - entity: products
        fields: {product_id: product, department: department}
"""

# What a run writes down about itself: differs between two runs that come to the same tables.
OWN_NOTES = {"loaded_at", "modified_at_ns", "published_at", "scored_at", "decided_at", "run_id", "version", "path"}
OF_RESULTS = ("bronze", "quarantine", "vault", "silver", "identity", "gold_build", "features", "predictions")


@dataclass(frozen=True)
class CornerShop:
    """The shop and its lake under one folder."""

    root: Path

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def environment(self) -> dict[str, str]:
        """What a person of this shop has set."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "AIRFLOW"))}
        return kept | {
            "CDP_CONF": str(self.root / "conf"),
            "CDP_LAKE__ROOT": str(self.lake),
            "CDP_SPARK__CONNECT_PORT": "0",
            "CDP_SPARK__THRIFT_PORT": "0",
            "CDP_SPARK__DRIVER_MEMORY": "2g",
        }

    def open(self, key_of: "CornerShop | None" = None, mappings: dict[str, str] | None = None) -> None:
        """Write the overlay, with other mappings than the shop's when given; two shops with one key have the same tokens."""
        sources = self.root / "conf" / "sources"
        sources.mkdir(parents=True)
        (sources / "ONLY_THESE").touch()
        (sources.parent / "settings.yml").write_text("retailer: {currency_code: CNY}\n", encoding="utf-8")
        for name, text in (mappings or {"corner_shop": CONTRACT}).items():
            (sources / f"{name}.yml").write_text(text, encoding="utf-8")
        if key_of is not None:
            shutil.copytree(key_of.lake / "keys", self.lake / "keys")

    def land(self, first: int, last: int) -> None:
        """Deliver the files of the days with these numbers, the first day of the shop being 0."""
        for number in range(first, last + 1):
            _land_day(self.lake / "landing" / "corner_shop", number)

    def file(self, number: int) -> Path:
        """The till's file of a day."""
        return self.lake / "landing" / "corner_shop" / "till" / f"till_{day(number)}.csv"

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start `cdp …` in a process of its own."""
        program = str(Path(sys.executable).parent / "cdp")
        return subprocess.Popen([program, *command], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *command: str) -> tuple[int, str]:
        """Run `cdp …` to its end; exit code and all that it printed."""
        process = self.start(*command)
        output, _ = process.communicate(timeout=900)
        return process.returncode, output

    @contextmanager
    def engine(self) -> Iterator[None]:
        """An engine that stays between the commands, which makes them quick."""
        code, output = self.run("engine", "up")
        assert code == 0, output
        try:
            yield
        finally:
            self.run("engine", "down")

    def night(self, number: int) -> str:
        """A night that must succeed."""
        code, output = self.run("run", "--date", str(day(number)))
        assert code == 0, output
        return output

    def table(self, schema: str, name: str) -> pd.DataFrame:
        """A table as it stands."""
        return read_delta(self.lake / "warehouse" / schema / name)

    def gold(self, name: str) -> pd.DataFrame:
        """A mart at its published version."""
        publications = self.table("ops", "publications")
        return read_published(publications[publications.table_name == name].sort_values("published_at").iloc[-1])

    def results(self) -> dict[str, list[str]]:
        """Every row of every table that the nights made, as text and in order; what a run notes about itself is left out."""
        found = {}
        for schema in OF_RESULTS:
            for folder in sorted((self.lake / "warehouse" / schema).glob("*/_delta_log")):
                frame = self.table(schema, folder.parent.name)
                kept = frame[sorted(set(frame.columns) - OWN_NOTES)]
                found[f"{schema}.{folder.parent.name}"] = sorted(map(repr, kept.itertuples(index=False, name=None)))
        return found


def day(number: int) -> date:
    """The date of a day of the shop."""
    return OPENED + timedelta(days=number)


def _land_day(folder: Path, number: int) -> None:
    stamp, chance = day(number), random.Random(number)
    lines = ["receipt,line,member,product,units,amount,discount,sold_at"]
    for receipt in range(RECEIPTS_A_DAY):
        lines += _receipt(number, receipt, chance)
    if number > 0:
        # A correction of yesterday's first receipt, which makes the night change rows and not only add some.
        lines.append(f"{_receipt_id(number - 1, 0)},1,1,p1,1.000,{number}.50,0.00,{day(number - 1)} 23:50:00")
    _write(folder / "till" / f"till_{stamp}.csv", lines)
    if number == 0:
        members = [{"member": n, "phone": f"+86 138 0000 {n:04d}", "born": 1950 + n % 50} for n in range(1, MEMBERS + 1)]
        _write(folder / "members" / f"members_{stamp}.jsonl", [json.dumps(member) for member in members])
        _write(folder / "goods" / f"goods_{stamp}.csv", ["product,department", *(f"p{n},{GOODS[n % 4]}" for n in range(PRODUCTS))])


def _receipt(number: int, receipt: int, chance: random.Random) -> list[str]:
    # Every tenth receipt is a guest's.
    member = "" if receipt % 10 == 9 else str(chance.randint(1, MEMBERS))
    sold_at = f"{day(number)} {8 + receipt % 12:02d}:{receipt:02d}:00"
    return [
        f"{_receipt_id(number, receipt)},{line},{member},p{chance.randrange(PRODUCTS)},{chance.randint(1, 3)}.000,"
        f"{chance.randint(100, 3000) / 100:.2f},{chance.choice((0, 0, 50)) / 100:.2f},{sold_at}"
        for line in range(1, chance.randint(2, 6))
    ]


def _receipt_id(number: int, receipt: int) -> int:
    return 100_000 + number * 1_000 + receipt


def _write(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
