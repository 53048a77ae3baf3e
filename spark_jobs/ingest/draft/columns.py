"""Columns of a drafted feed: their name, type, rules and PII class, each with what a person should look at."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.common.pii.clean import trimmed, undamaged
from spark_jobs.common.pii.scrub import scrub
from spark_jobs.ingest.draft.amounts import decimal_mark
from spark_jobs.ingest.draft.guesses import Guess, Ways
from spark_jobs.ingest.draft.levels import fitting_roles
from spark_jobs.ingest.draft.maps import expression
from spark_jobs.ingest.draft.values import guess_type
from spark_jobs.ingest.draft.words import is_id_name, our_name, person_behind, roles_of, words_of

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
NAMED_ADDRESS = re.compile(r"[^<>]*<([^<>\s]+@[^<>\s]+)>")
PHONE = re.compile(
    r"(?:\+|00)\d[\d ()./-]{7,17}\d|1[3-9]\d{9}|1[3-9]\d-\d{4}-\d{4}|\(?0\d{2,4}\)?[ -/]\d[\d -]{5,10}|\(\d{3}\) ?\d{3}-\d{4}"
)
MOBILE = re.compile(r"1[3-9]\d{9}|\+\d[\d -]{8,16}\d")
CHINESE_ID = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{2}\d{3}[\dXx]")
WORDS = re.compile(r"[^\W\d_]{3,}\W+[^\W\d_]{2,}|[\u4e00-\u9fff]{4,}")
CARD = re.compile(r"\d(?:[ -]?\d){12,18}")
VALUE_KINDS = (("direct", "email", EMAIL), ("direct", "phone", PHONE), ("sensitive", "national_id", CHINESE_ID))
TYPED = ("jsonl", "parquet", "xlsx")  # formats whose numbers are no texts: a point is a decimal point
LONG_TEXT = 60
DISTINCT_OF = 2_000  # rows whose distinct values say how a file writes its numbers
REPEATED = 0.05  # share of rows that two deliveries, or one file twice, may have in common
NUMERIC_ROLES = frozenset({
    "quantity", "unit_price", "sales_amount", "retail_discount_amount", "coupon_discount_amount", "coupon_match_discount_amount", "latitude", "longitude",
})  # fmt: skip
SHARES = frozenset({"retail_discount_amount", "coupon_discount_amount"})
DAY_ROLES = frozenset({"ordered_at", "registered_on"})
TEXT_ROLES = frozenset({"product_name", "brand", "department", "category", "subcategory", "region", "city", "store_name", "gender"})


@dataclass
class ColumnDraft:
    """One column of a feed as it is drafted."""

    delivered: str
    name: str
    guess: Guess
    required: bool
    roles: tuple[str, ...]
    is_id: bool
    is_key: bool
    distinct: frozenset[str]
    negative: float
    is_nearly_key: bool = False
    is_half_empty: bool = False
    pii: str | None = None
    kind: str | None = None
    role: str | None = None
    per_document: str | None = None
    keeps_words: bool = False
    value_reading: str = ""
    nobody: str = ""
    notes: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The type in the contract; a token is text."""
        return "string" if self.is_person else self.guess.type

    @property
    def value(self) -> str:
        """The value in an expression of a map."""
        return self.value_reading.replace("{}", self.name) or self.name

    @property
    def field(self) -> str:
        """The value as a field of a map."""
        return expression(self.value) if self.value_reading else self.name

    @property
    def is_person(self) -> bool:
        """True when the value becomes a token."""
        return self.pii in ("direct", "sensitive")


def draft_columns(
    rows: pa.Table, heads: Sequence[pa.Table], kind: str, *, named: bool, month_first: bool, ways: Ways, each: str | None = None
) -> list[ColumnDraft]:
    """The columns of a feed.

    Args:
        rows: sampled rows, columns under their delivered names.
        heads: for each file the rows that follow each other from its beginning.
        kind: the feed's format.
        named: the file has names of columns.
        month_first: how days are read of which no value shows it.
        ways: the delimiter and the currency of the feed.
        each: path of the list whose elements are the rows.
    """
    columns: list[ColumnDraft] = []
    taken: set[str] = set()
    ways = replace(ways, decimal=decimal_mark(_texts(rows, delivered) for delivered in rows.column_names))
    for number, delivered in enumerate(rows.column_names, start=1):
        found = _column(rows, heads, delivered, number, kind, named, month_first, ways)
        plain, again = found.name, 2
        while found.name in taken:
            found.name, again = f"{plain}_{again}", again + 1
        taken.add(found.name)
        found.roles = fitting_roles(found.roles, delivered, each, found.distinct)
        columns.append(found)
    _choose_roles(columns)
    return columns


def _texts(rows: pa.Table, delivered: str) -> list[str]:
    """The distinct texts of a column, as far as they are filled."""
    return [
        text.strip() for text in pc.unique(rows.column(delivered).slice(0, DISTINCT_OF)).to_pylist() if text is not None and text.strip()
    ]


def _column(
    rows: pa.Table, heads: Sequence[pa.Table], delivered: str, number: int, kind: str, named: bool, month_first: bool, ways: Ways
) -> ColumnDraft:
    header = delivered if named else ""
    counts = {each["values"]: each["counts"] for each in pc.value_counts(rows.column(delivered)).to_pylist()}
    person = _person(header, counts)
    roles = roles_of(header)
    if person is not None and person[0] != "quasi":
        roles = roles[:1] if roles[:1] == ("source_customer_id",) and person[1] in ("email", "phone", "other") else ()
    is_id = is_id_name(header)
    if kind in TYPED and not any(re.search(r"\.\d*0$", text) for text in counts if text):
        ways = replace(ways, decimal=".")
    role = roles[0] if roles else None
    guess = guess_type(counts, frozenset(words_of(header)), is_id=is_id, role=role, month_first=month_first, ways=ways)
    notes = list(guess.notes)
    if guess.null_values and kind in ("jsonl", "parquet"):
        guess, notes = (
            Guess("string", has_gaps=guess.has_gaps),
            ["ask the source for empty values: a text such as NULL means no value here"],
        )
    texts = frozenset(text for text in counts if text is not None and text not in guess.null_values)
    total = sum(count for text, count in counts.items() if text in texts)
    minus = sum(count for text, count in counts.items() if text in texts and str(text).lstrip().startswith(("-", "(", "\u2212", "\uff0d")))
    column = ColumnDraft(
        delivered, our_name(header, number), guess, not guess.has_gaps and not guess.is_empty, roles, is_id,
        all(_is_unique(head, delivered) for head in heads) and not guess.has_gaps, texts, minus / total if total else 0.0, notes=notes,
    )  # fmt: skip
    column.is_half_empty = total < rows.num_rows / 2
    repeated = rows.num_rows - len(texts)
    column.is_nearly_key = rows.num_rows > 3 and repeated <= max(1, REPEATED * rows.num_rows)
    if person is not None:
        _protect(column, person)
    elif guess.type == "string" and not is_id and texts and sum(map(len, texts)) > LONG_TEXT * len(texts):
        column.notes.append("add pii: direct, kind: free_text when these long texts name people")
    return column


def _is_unique(head: pa.Table, name: str) -> bool:
    values = head.column(name)
    return bool(head.num_rows > 1 and values.null_count == 0 and pc.count_distinct(values).as_py() == head.num_rows)


def _person(header: str, counts: Mapping[str | None, int]) -> tuple[str, str | None] | None:
    """PII class and kind by the name of a column, else by its values."""
    by_name = person_behind(header)
    texts = [_as_typed(text) for text in islice((text for text in counts if text is not None and text.strip()), 2000)]
    if by_name is not None and by_name[0] != "quasi":
        return by_name
    if not texts:
        return by_name
    for pii, kind, shape in VALUE_KINDS:
        wanted = MOBILE if kind == "phone" and is_id_name(header) else shape
        names_one = is_id_name(header) and kind != "email" and roles_of(header)[:1] != ("source_customer_id",)
        if not names_one and sum(wanted.fullmatch(text) is not None for text in texts) >= 0.8 * len(texts):
            return pii, kind
    return _by_texts(header, texts) or by_name


def _as_typed(text: str) -> str:
    """A value as a person typed it: without the marks of a spreadsheet, and an address without the name before it."""
    plain = undamaged(trimmed(text)) or text.strip()
    named = NAMED_ADDRESS.fullmatch(plain)
    return named[1] if named else plain


def _by_texts(header: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """Cards, texts that hold numbers of people, and names of a customer column."""
    if sum(CARD.fullmatch(text) is not None and _luhn(text) for text in texts) >= 0.9 * len(texts) and len(texts) > 3:
        return "sensitive", "other"
    if not is_id_name(header) and any(_tells_a_number(text) for text in texts):
        return "direct", "free_text"
    names_a_customer = roles_of(header)[:1] == ("source_customer_id",) and words_of(header)[-1] != "id"
    if names_a_customer and sum(re.fullmatch(r"\w[\w.'-]* [\w.' -]+", text) is not None for text in texts) > 0.5 * len(texts):
        return "direct", "name"
    return None


def _tells_a_number(text: str) -> bool:
    """Whether words have a telephone number, an address of e-mail, or a number of an identity or a card among them."""
    return WORDS.search(text) is not None and scrub(text) != text


def _luhn(text: str) -> bool:
    digits = [int(digit) for digit in reversed(re.sub(r"\D", "", text))]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return bool((sum(digits[::2]) + sum(doubled)) % 10 == 0)


def _protect(column: ColumnDraft, person: tuple[str, str | None]) -> None:
    """Mark a column as a person's data; what is not certain is treated as such."""
    column.pii, column.kind = person
    if not column.is_person:
        return
    column.notes = []
    if column.kind == "free_text":
        column.notes.append("add coarse: scrubbed to keep the words without numbers; take pii and kind away if it never names people")
    elif column.kind == "birth_date":
        column.notes.append("add coarse: year to keep the year, and map birth_year to it")
    elif column.kind == "other":
        column.notes.append("check kind: the values are taken for one person's own")
    elif column.roles:
        column.notes.append(f"map another id of the customer if there is one: this is the token of the {column.kind}")


def _fits(column: ColumnDraft, role: str) -> bool:
    if column.is_person:
        return role == "source_customer_id"
    if role in NUMERIC_ROLES or role == "birth_year":
        return column.guess.is_number
    if role in DAY_ROLES:
        return column.type in ("date", "timestamp") or bool(column.guess.reading)
    if role in TEXT_ROLES:
        return column.type == "string" and not (role == "product_name" and are_codes(column))
    return column.type == "string" or (column.type in ("bigint", "boolean") and not role.endswith("band"))


def are_codes(column: ColumnDraft) -> bool:
    """Values that are rather codes than names: most hold a digit and no blank."""
    return sum(re.fullmatch(r"[!-~]*\d[!-~]*", text) is not None for text in column.distinct) > 0.5 * len(column.distinct)


def _choose_roles(columns: list[ColumnDraft]) -> None:
    """Each canonical field to the one column that speaks of it most clearly."""
    wanted = dict.fromkeys(role for column in columns for role in column.roles)
    ranked = {
        role: sorted((column for column in columns if role in column.roles and _fits(column, role)), key=_rank(role)) for role in wanted
    }
    for place in range(3):
        for role, candidates in ranked.items():
            if any(column.role == role for column in columns):
                continue
            free = [column for column in candidates if column.role is None and column.roles.index(role) <= place]
            if free:
                free[0].role = role
                others = [column.name for column in candidates if column is not free[0] and column.role is None]
                if others:
                    free[0].notes.append(f"check {role}: it may be in {', '.join(others)} as well")
    _choose_moment(columns)
    for column in columns:
        if column.role in SHARES and column.distinct and all(re.fullmatch(r"0?([.,]\d+)?|1([.,]0+)?", text) for text in column.distinct):
            column.role = None
            column.notes.append("map it if it is an amount: it looks like a share")
        if column.role == "birth_year":
            column.guess = Guess("int", numbers=column.guess.numbers, has_gaps=column.guess.has_gaps)


def _choose_moment(columns: Sequence[ColumnDraft]) -> None:
    """Where orders are spoken of and no name says when they were made, the first day or moment says it."""
    roles = {column.role for column in columns}
    if "ordered_at" in roles or not ("order_id" in roles or {"source_customer_id", "product_id"} <= roles):
        return
    free = [column for column in columns if column.role is None and not column.is_person and column.type in ("date", "timestamp")]
    if free:
        free[0].role = "ordered_at"
        free[0].notes.append("check ordered_at: taken for the moment of the order")


PREFERRED = {
    "sales_amount": frozenset({"net", "paid", "line", "item", "sales", "total"}),
    "ordered_at": frozenset({"created", "order", "ordered", "invoice", "transaction", "sale", "sold", "purchase", "receipt", "purchased"}),
}


def _rank(role: str) -> Callable[[ColumnDraft], tuple[int, bool, bool, bool, bool]]:
    """The order of candidates for a field: names that say it outright, moments before days, ids that end in `id`."""

    def key(column: ColumnDraft) -> tuple[int, bool, bool, bool, bool]:
        words = words_of(column.delivered)
        said = bool(PREFERRED.get(role, frozenset()) & set(words))
        gaps = column.is_half_empty or (role == "ordered_at" and column.guess.has_gaps)
        return column.roles.index(role), gaps, not said, column.type == "date", column.is_id and "id" not in words

    return key
