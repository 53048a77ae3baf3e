"""Persons in drafts: telephone numbers and addresses stay hidden however a spreadsheet or a mail program wrote them, and words of other languages."""

from pathlib import Path

import pytest

from conf.contracts import load_contract
from spark_jobs.ingest.draft.draft import draft_source
from spark_jobs.ingest.draft.words import person_behind, roles_of


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("'1380013{:04d}", "phone"),
        ('"=""1380013{:04d}"""', "phone"),
        ("'+49171555{:04d}", "phone"),
        ('"""A B"" <u{}@mail.example>"', "email"),
        ("C. D <v{}@mail.example>", "email"),
    ],
)
def test_what_a_spreadsheet_or_a_mail_program_wrote_is_known_by_its_values(tmp_path: Path, shape: str, kind: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["no;reached by;tier", *(f"{at};{shape.format(8000 + at)};gold" for at in range(20))]) + "\n")

    text = draft_source("shop", [file], tmp_path).text

    mapping = tmp_path / "shop.yml"
    mapping.write_text(text, encoding="utf-8")
    column = load_contract(mapping).feeds["list"].columns[1]
    assert (column.pii, column.kind) == ("direct", kind)
    assert "80" not in text


@pytest.mark.parametrize(
    ("header", "person"),
    [
        ("收货地址", ("direct", "address")),
        ("收货人", ("direct", "name")),
        ("Empfänger", ("direct", "name")),
        ("Destinataire", ("direct", "name")),
        ("GSM", ("direct", "phone")),
    ],
)
def test_names_of_columns_about_persons_are_known_in_other_languages(header: str, person: tuple[str, str]) -> None:
    assert person_behind(header) == person


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Währung", "currency_code"),
        ("Devise", "currency_code"),
        ("Moneda", "currency_code"),
        ("订购数量", "quantity"),
        ("下单帐号", "source_customer_id"),
        ("商家收入", "sales_amount"),
    ],
)
def test_names_of_columns_of_orders_are_known_in_other_languages(header: str, role: str) -> None:
    assert roles_of(header)[:1] == (role,)


def test_only_the_personal_column_that_is_the_key_must_be_there(tmp_path: Path) -> None:
    def drafted(header: str, *shapes: str) -> dict[str, bool]:
        file = tmp_path / "members.csv"
        file.write_text("\n".join([header, *(",".join(shape.format(at) for shape in shapes) for at in range(10, 40))]) + "\n")
        mapping = tmp_path / "shop.yml"
        mapping.write_text(draft_source("shop", [file], tmp_path).text, encoding="utf-8")
        return {column.name: column.required for column in load_contract(mapping).feeds["members"].columns}

    numbered = drafted("member_no,name,mobile,email,postcode", "V{0}", "Ann {0}", "+49171555{0}00", "u{0}@mail.example", "89{0}0")
    bought = drafted("order_no,ordered_at,customer_email,total", "A{0}", "2026-03-02", "u{0}@mail.example", "{0}.50")

    assert numbered == {"member_no": True, "name": False, "mobile": False, "email": False, "postcode": False}
    assert (bought["order_no"], bought["customer_email"]) == (True, False)
