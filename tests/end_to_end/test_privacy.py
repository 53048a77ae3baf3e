"""Canaries through whole nights: a hundred people whose values are found nowhere in clear, and nowhere at all once they are erased."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from faker import Faker

from conf.settings import PROJECT_ROOT
from spark_jobs.common.pii.national_id import check_sign
from tests.end_to_end.delta_files import read_delta

pytestmark = [pytest.mark.slow, pytest.mark.proof]

PEOPLE, ERASED = 100, 5
FIRST, SECOND, THIRD = "2024-03-01", "2024-03-02", "2024-03-03"
FEEDS = {"members": "csv", "orders": "csv", "tickets": "jsonl"}
SETTINGS = """
retailer: {name: Canary shop, time_zone: Asia/Shanghai, currency_code: CNY, country_code: CN}
ingest: {tolerated_rejects: 20}
privacy: {archive: {after_days: 0, keep_days: 30}}
"""
SOURCE = """
source: shop
feeds:
  members:
    files: "members/members_{date}*.csv"
    format: csv
    columns:
      - {name: member_no, type: string, required: true}
      - {name: name, type: string, pii: direct, kind: name}
      - {name: mobile, type: string, pii: direct, kind: phone, valid: true}
      - {name: email, type: string, pii: direct, kind: email, valid: true}
      - {name: id_no, type: string, pii: sensitive, kind: national_id, valid: true}
      - {name: address, type: string, pii: direct, kind: address, coarse: district}
      - {name: birthday, type: string, pii: direct, kind: birth_date, valid: true, coarse: year}
    maps:
      - entity: customers
        fields: {source_customer_id: member_no, phone_token: mobile, email_token: email, birth_year: birthday_year, region: address_district}
  orders:
    files: "orders/orders_{date}*.csv"
    format: csv
    columns:
      - {name: order_no, type: string, required: true}
      - {name: member_no, type: string}
      - {name: receiver_mobile, type: string, pii: direct, kind: phone}
      - {name: created_at, type: timestamp, required: true}
      - {name: amount, type: "decimal(18,2)", required: true, min: 0}
    maps:
      - entity: orders
        fields:
          order_id: order_no
          source_customer_id: {first: [{column: member_no}, {column: receiver_mobile, namespace: shop_guest}]}
          ordered_at: created_at
          ordered_on: {local_date: created_at}
          order_amount: amount
          phone_token: receiver_mobile
  tickets:
    files: "tickets/tickets_{date}*.jsonl"
    format: jsonl
    columns:
      - {name: ticket_no, type: string, required: true}
      - {name: mobile, type: string, pii: direct, kind: phone}
      - {name: text, type: string, pii: direct, kind: free_text, coarse: scrubbed}
      - {name: opened_at, type: timestamp, required: true}
    maps:
      - entity: tickets
        fields: {ticket_id: ticket_no, opened_at: opened_at, opened_on: {local_date: opened_at}, text: text_scrubbed, text_token: text, phone_token: mobile}
"""


@dataclass
class Canaries:
    """A lake of its own, and the people in it."""

    root: Path
    people: list[dict[str, str]]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
        return kept | {
            "CDP_CONF": str(self.root / "conf"), "CDP_LAKE__ROOT": str(self.lake), "PYTHONPATH": str(PROJECT_ROOT),
            "CDP_SPARK__CONNECT_PORT": "0", "CDP_SPARK__THRIFT_PORT": "0", "CDP_SPARK__DRIVER_MEMORY": "3g",
        }  # fmt: skip

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROJECT_ROOT / "cdp.py"), *arguments]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        with self.start(*arguments) as process:
            output = process.communicate(timeout=1200)[0]
        assert process.returncode == code, output
        return output

    def land(self, feed: str, name: str, text: str) -> None:
        file = self.lake / "landing" / "shop" / feed / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def values(self, people: list[dict[str, str]]) -> list[str]:
        """What must not be found in clear: as delivered, and normalised."""
        return [
            value
            for person in people
            for value in (
                person["name"],
                person["mobile"],
                f"+86{person['mobile']}",
                person["email"],
                person["id_no"],
                person["address"],
                person["birthday"],
            )
        ]

    def scan(self, values: list[str], *folders: Path, code: int = 0) -> str:
        file = self.root / "needles.txt"
        file.write_text("\n".join(values) + "\n", encoding="utf-8")
        return self.run("privacy", "scan", str(file), *map(str, folders), code=code)

    def delivered(self, name: str) -> str:
        """An archived file, decrypted."""
        shown = self.root / "shown"
        shown.unlink(missing_ok=True)
        self.run("privacy", "archive", "show", f"shop/{name}", "--purpose", "a test", "--out", str(shown))
        return shown.read_text(encoding="utf-8")

    def rows(self, table: str) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = read_delta(self.lake / "warehouse" / table).to_dict("records")
        return rows


def _people() -> list[dict[str, str]]:
    fake = Faker("zh_CN")
    fake.seed_instance(11)
    people = []
    for number in range(PEOPLE):
        born = fake.date_of_birth(minimum_age=18, maximum_age=80)
        seventeen = f"3101{number % 100:02d}{born:%Y%m%d}{number:03d}"
        people.append({
            "member_no": f"M{70_000_000 + number * 7919}", "name": f"{fake.unique.name()}{chr(0x4E00 + number)}", "mobile": f"139{77_000_000 + number * 6007}",
            "email": f"canary.{number}x{number * 31}@birdcage.example", "id_no": seventeen + check_sign(seventeen),
            "address": f"上海市徐汇区{fake.street_name()}{number + 300}弄{number + 17}号", "birthday": f"{born.isoformat()}",
        })  # fmt: skip
    return people


def _csv(rows: list[dict[str, object]]) -> str:
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    """A lake after one night. Everybody orders twice, once as a guest; complains with numbers in the text; and has a row that is wrong."""
    root = tmp_path_factory.mktemp("canaries")
    found = Canaries(root, _people())
    (root / "conf" / "sources").mkdir(parents=True)
    (root / "conf" / "sources" / "ONLY_THESE").touch()
    (root / "conf" / "settings.yml").write_text(SETTINGS, encoding="utf-8")
    (root / "conf" / "sources" / "shop.yml").write_text(SOURCE, encoding="utf-8")
    people = found.people
    wrong = [{**person, "member_no": ""} for person in people[:8]]
    found.land("members", f"members_{FIRST}.csv", _csv([*people, *wrong]))
    orders = [
        {"order_no": f"O{number}{kind}", "member_no": person["member_no"] if kind == "m" else "", "receiver_mobile": person["mobile"],
         "created_at": f"2024-02-{number % 28 + 1:02d} 10:00:00", "amount": 10 + number}
        for number, person in enumerate(people)
        for kind in "mg"
    ]  # fmt: skip
    found.land("orders", f"orders_{FIRST}.csv", _csv(orders) + f"cut,{people[3]['member_no']},{people[3]['mobile']}\n")
    tickets = [
        {
            "ticket_no": f"T{n}",
            "mobile": p["mobile"],
            "text": f"请回电{p['mobile']}或{p['email']}，证件{p['id_no']}",
            "opened_at": "2024-02-28 08:00:00",
        }
        for n, p in enumerate(people)
    ]
    found.land("tickets", f"tickets_{FIRST}.jsonl", "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in tickets))
    found.run("run", "--date", FIRST)
    return found


def test_no_value_is_in_clear_after_a_night(canaries: Canaries) -> None:
    # Of the scan itself: in what was delivered it finds every one of them.
    delivered = canaries.scan(canaries.values(canaries.people[:3]), canaries.lake / "landing", code=1)
    others = [folder for folder in canaries.lake.iterdir() if folder.name not in ("landing", "keys")]

    clean = canaries.scan(canaries.values(canaries.people), *others)

    assert all(f"value {number}" in delivered for number in (1, 2, 4, 5, 6, 7, 8))
    assert ": 0 found" in clean
    assert {row["text"] for row in canaries.rows("silver/tickets")} == {"请回电[phone]或[email]，证件[id]"}
    assert {row["region"] for row in canaries.rows("silver/customers")} == {"上海市徐汇区"}


def test_the_archive_takes_what_was_loaded(canaries: Canaries) -> None:
    canaries.run("privacy", "archive", "run", "--date", FIRST)

    assert not [file for file in (canaries.lake / "landing").rglob("*") if file.is_file()]
    assert ": 0 found" in canaries.scan(canaries.values(canaries.people))
    assert canaries.people[50]["name"] in canaries.delivered(f"members/members_{FIRST}.csv")


def _request(canaries: Canaries, kind: str, person: dict[str, str]) -> str:
    """A verified request."""
    with subprocess.Popen(
        [sys.executable, str(PROJECT_ROOT / "cdp.py"), "privacy", "request", "add", "--kind", kind, "--customer", "-", "--date", FIRST],
        env=canaries.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        output = process.communicate(f"{person['mobile'][:3]} {person['mobile'][3:]}\n", timeout=600)[0]
    assert process.returncode == 0, output
    request_id = next(word for line in output.splitlines() for word in [line.partition(":")[0]] if word.startswith("r") and len(word) == 13)
    canaries.run("privacy", "request", "verify", request_id, "--date", FIRST)
    return request_id


def test_who_asks_gets_all_that_is_theirs_and_nothing_of_others(canaries: Canaries) -> None:
    person, other = canaries.people[20], canaries.people[21]
    request_id = _request(canaries, "access", person)

    canaries.run("privacy", "request", "run", "--date", FIRST)

    folder = canaries.lake / "exports" / "privacy" / request_id
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    told = (folder / "facts.html").read_text(encoding="utf-8")
    known = {each["value"] for each in facts["values"].values()}
    assert {person[name] for name in ("name", "mobile", "email", "id_no", "address", "birthday")} <= known
    assert [key.rpartition(":k1:")[0] or key for key in facts["keys"]] == [f"shop:{person['member_no']}", "shop_guest"]
    assert {row["order_id"] for row in facts["tables"]["silver.orders"]} == {"shop:O20m", "shop:O20g"}
    assert {row["order_no"] for row in facts["tables"]["bronze.shop__orders"]} == {"O20m", "O20g"}
    assert {row["ticket_no"] for row in facts["tables"]["bronze.shop__tickets"]} == {"T20"}
    assert person["mobile"] in told and "您的数据" in told
    assert not [value for value in canaries.values([other])[:-2] if value in told or value in json.dumps(facts, ensure_ascii=False)]
    assert (folder / "facts.json").stat().st_mode & 0o077 == 0
    assert {row["state"] for row in canaries.rows("ops/privacy_requests")} == {"received", "verified", "done"}


def test_each_role_sees_its_own_and_no_more(canaries: Canaries) -> None:
    person = canaries.people[30]
    [record] = [row for row in canaries.rows("silver/customers") if row["source_customer_id"] == f"shop:{person['member_no']}"]
    asked = ("--purpose", "a test", str(record["phone_token"]))
    query = "select min(customer_id) as who, max(birth_year) as born, count(*) as people from {}.dim_customers"

    analyst, marketer = (canaries.run("sql", query.format(schema)) for schema in ("gold_analyst", "gold_marketer"))
    shown = canaries.run("privacy", "show", "--role", "marketer", *asked)
    refused = canaries.run("privacy", "show", "--role", "engineer", *asked, code=2)

    assert "t_" in analyst and "c_" not in analyst
    assert "c_" in marketer and not any(str(year) in marketer for year in range(1930, 2010))
    assert f"{person['mobile'][:3]}****{person['mobile'][-4:]}" in shown and person["mobile"] not in shown
    assert "may open nothing" in refused
    assert "vault.pii" in canaries.run("audit", "list", "--action", "pii_refused")


def test_who_corrects_is_right_from_the_next_night_on(canaries: Canaries) -> None:
    request_id = _request(canaries, "correction", canaries.people[22])

    canaries.run("privacy", "request", "correct", request_id, "--field", "birth_year", "--value", "1931", "--date", SECOND)

    assert "cannot become done" in canaries.run("privacy", "request", "correct", request_id, "--field", "region", "--remove", code=4)
    assert [row["value"] for row in canaries.rows("ops/customer_corrections")] == ["1931"]


def test_who_is_erased_is_found_nowhere_and_the_others_are_whole(canaries: Canaries) -> None:
    people, keys = canaries.people[:ERASED], {f"shop:{person['member_no']}" for person in canaries.people[:ERASED]}
    ids = {str(row["source_customer_id"]): str(row["customer_id"]) for row in canaries.rows("identity/customer_ids")}
    tokens = {
        str(row[name])
        for row in canaries.rows("silver/customers")
        if row["source_customer_id"] in keys
        for name in ("phone_token", "email_token")
    }
    before = len(canaries.rows("silver/orders"))

    # Killed in the middle of two steps, and taken up again.
    starts = (["--yes", *(ids[key] for key in sorted(keys))], ["--resume"])
    for arguments, is_there in zip(starts, ("actions_shop__tickets/_SUCCESS", "rejected_shop__members.json"), strict=True):
        with canaries.start("privacy", "erase", *arguments) as process:
            _wait_for(canaries.lake / "privacy" / "erasures" / "open", is_there, process)
            os.killpg(process.pid, signal.SIGKILL)
    output = canaries.run("privacy", "erase", "--resume")

    needles = [*canaries.values(people), *tokens, *keys, *(ids[key] for key in keys), *(person["member_no"] for person in people)]
    assert "nothing found" in output
    assert ": 0 found" in canaries.scan(needles)
    certificate = next((canaries.lake / "privacy" / "erasures").glob("*.json"))
    assert "signed, complete" in canaries.run("privacy", "check", str(certificate))
    assert not list((canaries.lake / "privacy" / "erasures" / "open").iterdir())
    assert len(canaries.rows("silver/customers")) == PEOPLE - ERASED
    orders = canaries.rows("silver/orders")
    assert len(orders) == before
    assert sum(row["source_customer_id"] is None for row in orders) == 2 * ERASED
    assert len(canaries.rows("silver/tickets")) == PEOPLE - ERASED
    # Nor does a delivery hold them, of which the scan sees but ciphertext; the others' lines are there.
    delivered = "".join(canaries.delivered(f"{feed}/{feed}_{FIRST}.{suffix}") for feed, suffix in FEEDS.items())
    assert [value for value in canaries.values(people) if value in delivered] == []
    assert all(value in delivered for value in canaries.values(canaries.people[ERASED:]) if not value.startswith("+86"))


def test_a_changed_certificate_is_found(canaries: Canaries) -> None:
    certificate = next((canaries.lake / "privacy" / "erasures").glob("*.json"))
    forged = canaries.root / "forged.json"
    forged.write_text(certificate.read_text(encoding="utf-8").replace('"is_complete": true', '"is_complete": false'), encoding="utf-8")

    assert "was changed" in canaries.run("privacy", "check", str(forged), code=4)


def test_a_row_that_is_sent_again_brings_nobody_back(canaries: Canaries) -> None:
    person, other = canaries.people[0], canaries.people[60]
    canaries.land("members", f"members_{SECOND}.csv", _csv([person, {**other, "email": "new.address@birdcage.example"}]))  # type: ignore[list-item]
    late = {
        "order_no": "O-late",
        "member_no": person["member_no"],
        "receiver_mobile": person["mobile"],
        "created_at": "2024-03-01 09:00:00",
        "amount": 5,
    }
    guest = {**late, "order_no": "O-guest-again", "member_no": ""}
    canaries.land("orders", f"orders_{SECOND}.csv", _csv([late, guest]))
    canaries.land("orders", f"orders_{SECOND}_copy.csv", _csv([late, guest]))
    again = {"ticket_no": "T-again", "mobile": person["mobile"], "text": f"找{person['name']}", "opened_at": "2024-02-28 08:00:00"}
    canaries.land("tickets", f"tickets_{SECOND}.jsonl", json.dumps(again, ensure_ascii=False) + "\n")

    canaries.run("run", "--date", SECOND)
    canaries.run("privacy", "archive", "run", "--date", SECOND)

    assert ": 0 found" in canaries.scan([*canaries.values([person]), f"shop:{person['member_no']}"])
    orders = {row["order_id"]: row for row in canaries.rows("silver/orders")}
    for order in (orders["shop:O-late"], orders["shop:O-guest-again"]):
        assert (order["source_customer_id"], order["phone_token"]) == (None, None)
    assert len(canaries.rows("silver/tickets")) == PEOPLE - ERASED
    assert len(canaries.rows("silver/customers")) == PEOPLE - ERASED
    profiles = {row["customer_id"]: row for row in canaries.rows("gold_build/dim_customers")}
    ids = {row["source_customer_id"]: row["customer_id"] for row in canaries.rows("identity/customer_ids")}
    assert profiles[ids[f"shop:{canaries.people[22]['member_no']}"]]["birth_year"] == 1931
    rejected = [row for row in canaries.rows("quarantine/shop__members") if "row:erased" in list(row["rules"])]  # type: ignore[call-overload]
    assert [row["raw_row"] for row in rejected] == [None]
    # Nor is anything of them left in the files that came again, whatever they are called.
    delivered = "".join(canaries.delivered(f"{feed}/{feed}_{SECOND}.{suffix}") for feed, suffix in FEEDS.items())
    assert [value for value in canaries.values([person]) if value in delivered] == []
    assert not list((canaries.lake / "landing").rglob("*_copy.csv"))


def test_a_new_key_opens_everything_and_the_old_one_is_needed_for_tokens_only(canaries: Canaries) -> None:
    output = canaries.run("keys", "rotate")

    assert "k2 encrypts now" in output
    assert {row["key_id"] for row in canaries.rows("vault/pii")} == {"k2"}
    assert {str(row["token"])[:3] for row in canaries.rows("vault/pii")} == {"k1:"}
    assert canaries.people[60]["name"] in canaries.delivered(f"members/members_{SECOND}.csv")
    assert "yes" in canaries.run("keys", "list")


def test_tokens_are_made_anew_everywhere_and_people_stay_who_they_are(canaries: Canaries) -> None:
    # given the new key of the test before, and what is known of everybody
    old = {str(row["token"]) for row in canaries.rows("vault/pii")}
    ids = {row["customer_id"] for row in canaries.rows("identity/customer_ids")}
    phones = {row["source_customer_id"]: row["phone_token"] for row in canaries.rows("silver/customers")}

    # when it is killed in the middle, the lake refuses to load, and it is taken up again
    with canaries.start("keys", "retokenise") as process:
        _wait_for(canaries.lake / "privacy" / "retokenisation", "_SUCCESS", process)
        os.killpg(process.pid, signal.SIGKILL)
    known, erased = canaries.people[60], canaries.people[0]
    orders = [_order("O-known", known), _order("O-erased", erased), _order("O-guest", {**erased, "member_no": ""})]
    canaries.land("orders", f"orders_{THIRD}.csv", _csv(orders))
    refused = canaries.run("run", "--date", THIRD, code=2)
    output = canaries.run("keys", "retokenise", "--resume")

    # then no table, file or log has an old token, and nobody became somebody else
    assert "tokens of two keys" in refused
    assert f"k2 makes tokens now: {len(old)} token(s)" in output
    assert {str(row["token"])[:3] for row in canaries.rows("vault/pii")} == {"k2:"}
    assert ": 0 found" in canaries.scan(sorted(old), canaries.lake / "warehouse")
    assert {row["customer_id"] for row in canaries.rows("identity/customer_ids")} == ids
    profiles = {row["source_customer_id"]: row["phone_token"] for row in canaries.rows("silver/customers")}
    assert profiles.keys() == phones.keys()
    assert not set(profiles.values()) & set(phones.values()) - {None}

    # and a known person is met again by the new token, an erased one is not brought back by a number or a row
    canaries.run("run", "--date", THIRD)
    loaded = {str(row["order_id"]).removeprefix("shop:"): row for row in canaries.rows("silver/orders")}
    assert loaded["O-known"]["phone_token"] in set(profiles.values())
    assert loaded["O-known"]["source_customer_id"] == f"shop:{known['member_no']}"
    assert [loaded[name][column] for name in ("O-erased", "O-guest") for column in ("source_customer_id", "phone_token")] == [None] * 4
    assert {row["customer_id"] for row in canaries.rows("identity/customer_ids")} == ids


def _order(number: str, person: dict[str, str]) -> dict[str, object]:
    times = {"created_at": f"{THIRD} 09:00:00", "amount": 5}
    return {"order_no": number, "member_no": person["member_no"], "receiver_mobile": person["mobile"], **times}


def _wait_for(folder: Path, name: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while not list(folder.glob(f"*/{name}")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
