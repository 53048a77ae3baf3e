"""Words for the state of an order, in English and Chinese, and what they mean: a purchase or none. Data: `statuses.yml`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from conf.documents import Document, read_document
from conf.errors import ConfigError, Finding
from conf.settings import conf_dirs

FILE = "statuses.yml"
PURCHASE, NON_PURCHASE = "purchase", "non_purchase"

# Blanks that exports leave around a word: space, tab, line ends, no-break, full-width and zero-width space, byte order mark.
BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
# Full-width letters, digits and signs, and what they are.
FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
HALF_WIDTH = "".join(chr(ord(sign) - 0xFEE0) for sign in FULL_WIDTH)
# The same for SQL and the macro `status_word`: without signs that mean something in SQL or in a template, which no word of ours holds.
SQL_PLAIN_WIDTH = "".join(sign for sign in HALF_WIDTH if sign not in set("'\\\"{}%#"))
SQL_FULL_WIDTH = "".join(chr(ord(sign) + 0xFEE0) for sign in SQL_PLAIN_WIDTH)
_TO_HALF = str.maketrans(FULL_WIDTH, HALF_WIDTH)


def word(text: str) -> str:
    """A text as words are compared: without outer blanks, case and full-width forms."""
    return text.translate(_TO_HALF).strip(BLANKS).lower()


@dataclass(frozen=True)
class Statuses:
    """The words by what they mean."""

    purchase: frozenset[str]
    non_purchase: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        return self.purchase | self.non_purchase


@cache
def statuses() -> Statuses:
    """The words of the repository; an overlay folder adds words, and says otherwise of those that are there.

    Raises:
        ConfigError: a file is not such a vocabulary, or has a word as both.
    """
    meanings: dict[str, str] = {}
    for folder in conf_dirs():
        file = folder / "vocabularies" / FILE
        if file.is_file():
            meanings |= _meanings(read_document(file))
    return Statuses(*(frozenset(text for text, meant in meanings.items() if meant == meaning) for meaning in (PURCHASE, NON_PURCHASE)))


def _meanings(document: Document) -> dict[str, str]:
    found: dict[str, str] = {}
    findings = [
        Finding(document.where((key,)), f"unknown key {key!r}", f"use {PURCHASE} or {NON_PURCHASE}")
        for key in sorted(set(document.values) - {PURCHASE, NON_PURCHASE})
    ]
    for meaning in (PURCHASE, NON_PURCHASE):
        for where, text in _words(document, meaning, findings):
            if found.setdefault(text, meaning) != meaning:
                findings.append(Finding(where, f"{text!r} is a purchase and none", "leave it in one of the two"))
    if findings:
        raise ConfigError(f"{FILE} is not valid", findings)
    return found


def _words(document: Document, meaning: str, findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """Place and text of each word below one meaning; what is no word goes to the findings."""
    states: Any = document.values.get(meaning, {})
    if not isinstance(states, dict):
        findings.append(Finding(document.where((meaning,)), "is no map of states", "write `state: [words]` lines below it"))
        return
    for state, texts in states.items():
        where = document.where((meaning, state))
        if not isinstance(texts, list) or not all(isinstance(text, str) and _is_word(text) for text in texts):
            remedy = "write a list of texts without quotes and backslashes in them; put what YAML reads as something else in quotes"
            findings.append(Finding(where, f"{state} is no list of words", remedy))
            continue
        for text in (state, *texts):
            yield where, word(text)


def _is_word(text: str) -> bool:
    """Words become literals of SQL."""
    return bool(word(text)) and not set(text) & set("'\"\\{}")
