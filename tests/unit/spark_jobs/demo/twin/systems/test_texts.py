"""Texts of customers: many of them, true to what is said to be true of them, and not to be guessed by a word."""

import numpy as np
import pytest

from spark_jobs.demo.twin.codes import Issue
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.systems import texts
from spark_jobs.demo.twin.systems.forms import Form
from spark_jobs.demo.twin.systems.phrases import ASIDES, CORES, VAGUE

DRAWS, COUNT = Draws(7), 8_000
KEYS = np.arange(COUNT) * 3 + 10**12
ISSUES = KEYS % len(Issue)
MOODS = np.clip(0.6 * DRAWS.normal("mood", KEYS), -1, 1)
KEYWORDS = {
    Issue.LATE: ("晚", "等", "慢", "迟"), Issue.SPOILED: ("坏", "烂", "味", "蔫", "不新鲜"), Issue.MISSING: ("少", "没有", "漏", "缺"),
    Issue.WRONG_ITEM: ("错", "不是", "混", "换"), Issue.PRICE_DIFFERENCE: ("价", "券", "钱", "贵"), Issue.SERVICE: ("态度", "客服", "电话", "店员"),
    Issue.QUESTION: ("怎么", "吗", "几点", "哪"),
}  # fmt: skip


def guessed(text: str) -> Issue:
    """What a rule of one line makes of a text."""
    return next((issue for issue, clues in KEYWORDS.items() if any(clue in text for clue in clues)), Issue.NONE)


@pytest.mark.parametrize("form", list(Form))
def test_texts_of_an_issue_are_many_and_fit_into_a_cell(form: Form) -> None:
    written = np.array(texts.write(DRAWS, form, KEYS, ISSUES, MOODS).text.to_pylist())
    assert all(len(set(written[np.equal(ISSUES, issue)])) > 500 for issue in Issue)
    assert not any(sign in text for text in written for sign in "\n\r\t|")
    assert all(text and text.encode("gb18030").decode("gb18030") == text for text in written)


@pytest.mark.parametrize("form", list(Form))
def test_a_word_tells_the_issue_often_but_not_always(form: Form) -> None:
    written = texts.write(DRAWS, form, KEYS, ISSUES, MOODS)
    hit = np.mean([guessed(text) == issue for text, issue in zip(written.text.to_pylist(), ISSUES.tolist(), strict=True)])
    assert 0.3 < hit < 0.75


def test_a_text_says_what_is_true_of_it() -> None:
    written = texts.write(DRAWS, Form.REVIEW, KEYS, ISSUES, MOODS)
    told = texts.truth_of("reviews", written.text, written)["texts"]
    angry = [phrase for phrase in CORES[Issue.LATE, 0] if "@" not in phrase]
    rows = np.flatnonzero([any(phrase in text for phrase in angry) for text in written.text.to_pylist()])
    issue, sentiment = (np.array(told.column(name).to_pylist()) for name in ("issue", "sentiment"))
    assert len(rows) > 150 and 0.8 < np.mean(issue[rows] == "late") < 1 and 0.8 < np.mean(sentiment[rows] < -texts.CALM) < 1
    assert abs(np.array(written.sentiment) - MOODS).max() <= 0.0005
    assert told.column_names == ["source", "key", "sentiment", "issue", "category"]


def test_a_text_depends_on_its_key_alone() -> None:
    whole = texts.write(DRAWS, Form.CHAT, KEYS, ISSUES, MOODS).text.to_pylist()
    rows = np.arange(COUNT - 1, 0, -37)
    part = texts.write(Draws(7), Form.CHAT, KEYS[rows], ISSUES[rows], MOODS[rows]).text.to_pylist()
    assert part == [whole[row] for row in rows.tolist()]
    assert len(texts.write(DRAWS, Form.CHAT, KEYS[:0], ISSUES[:0], MOODS[:0]).text) == 0


def test_phrases_are_there_for_every_issue_and_feeling() -> None:
    assert {(issue, feeling) for issue in Issue for feeling in range(3)} == set(CORES)
    phrases = [phrase for group in (*CORES.values(), *VAGUE.values(), *ASIDES.values()) for phrase in group]
    assert len(phrases) == len(set(phrases)) and all(phrase.count("@") <= 1 and phrase.strip() == phrase for phrase in phrases)
