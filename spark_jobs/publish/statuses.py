"""Order statuses that the vocabulary does not know: counted, listed with their shares, and a reason to stop when they are many.

Reads: silver.orders. Grain: one figure per source, and one per unknown word (the most frequent ones).
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from conf.catalog import Schema
from conf.contracts import Feed, SourceContract
from conf.errors import Finding, QualityError
from conf.maps import EntityMap
from conf.types import PiiClass
from conf.vocabularies.statuses import BLANKS, SQL_FULL_WIDTH, SQL_PLAIN_WIDTH, statuses
from spark_jobs.publish.measures import FAILED, OK, WARN, Measure, News

log = logging.getLogger(__name__)

DIMENSION, KNOWN, UNKNOWN = "statuses", "known", "unknown: "
ORDERS, STATUS = "orders", "status"
MOST_WORDS, LONGEST_WORD = 20, 40
ENOUGH_NEWS = 20  # orders: the share of fewer says nothing

# What may be a number of a person, an address or a code rather than a word.
_PERSONAL = re.compile(r"\d{5}|@|k\d+:")


def measured_statuses(found: News, sources: Mapping[str, SourceContract], since: date | None, most: float) -> list[Measure]:
    """Unknown statuses of every source with orders, as of the business date.

    Args:
        found: the lake's tables.
        sources: for the feeds that give statuses, and for statuses that hold personal data, whose words are not shown.
        since: the last published date; the share of what became known after it counts too.
        most: share of a source's orders that may have unknown statuses.
    """
    if not found.is_there(Schema.SILVER, ORDERS):
        return []
    news = "true" if since is None else f"_known_on > date '{since}'"
    word = f"lower(translate(trim({STATUS}, {_literal(BLANKS)}), {_literal(SQL_FULL_WIDTH)}, {_literal(SQL_PLAIN_WIDTH)}))"
    orders = f"(select _source, {word} as word, {news} as is_new from {found.all(Schema.SILVER, ORDERS)} where _is_deleted is not true)"
    known = ", ".join(_literal(each) for each in sorted({"", *statuses().words}))
    counted = f"(select _source, word, word not in ({known}) as is_unknown, count(*) as orders, count_if(is_new) as news from {orders} group by all)"
    sums = "sum(orders), sum(news), coalesce(sum(orders) filter (is_unknown), 0), coalesce(sum(news) filter (is_unknown), 0)"
    measures = []
    for source, orders_, news_, unknown, unknown_news in found.rows(f"select _source, {sums} from {counted} group by all order by all"):
        enough = news_ >= ENOUGH_NEWS and unknown_news * orders_ > unknown * news_
        rows, failed = (news_, unknown_news) if enough else (orders_, unknown)
        about = {"source": source, "feed": _only_feed(sources.get(source)), "entity": ORDERS, "column_name": STATUS}
        status = FAILED if failed > most * rows else WARN if unknown else OK
        measures.append(Measure(DIMENSION, KNOWN, **about, rows_checked=rows, rows_failed=failed, threshold=1 - most, status=status))
        if unknown:
            query = f"select word, orders from {counted} where is_unknown and _source = {_literal(source)} order by orders desc, word limit {MOST_WORDS}"
            words = _shown(found.rows(query), is_personal=_is_personal(sources.get(source)))
            measures += [
                Measure(DIMENSION, f"{UNKNOWN}{text}", **about, rows_checked=orders_, rows_failed=count, status=WARN)
                for text, count in words.items()
            ]
            log.warning("unknown_statuses source=%s orders=%d of=%d words=%r", source, unknown, orders_, list(words))
    return measures


def check_statuses(measures: Sequence[Measure]) -> None:
    """Stop when too many orders have a status that nobody has explained.

    Raises:
        QualityError: one finding per source, with the words, their shares, and the mapping to write.
    """
    findings = [_finding(each, measures) for each in measures if each.dimension == DIMENSION and each.status == FAILED]
    if findings:
        raise QualityError("too many orders have an unknown status; gold stays as it was published last", findings)


def _finding(total: Measure, measures: Sequence[Measure]) -> Finding:
    words = [each for each in measures if each.source == total.source and each.rule.startswith(UNKNOWN)]
    rows, failed = total.rows_checked or 1, total.rows_failed or 0
    listed = ", ".join(f"{each.rule.removeprefix(UNKNOWN)} ({(each.rows_failed or 0) / (each.rows_checked or 1):.1%})" for each in words)
    example = words[0].rule.removeprefix(UNKNOWN) if words else "word"
    return Finding(
        ".".join(part for part in (total.source, total.feed) if part),
        f"{failed:,} of {rows:,} orders ({failed / rows:.1%}) have an unknown status, allowed are {1 - (total.threshold or 0):.1%}: {listed}",
        f"say what the words mean in the map of orders, such as status: {{column: …, values: {{{example}: completed}}}} "
        "(completed, cancelled, refunded …; docs/quality.md lists them), or raise quality.max_unknown_status_share",
    )


def _shown(rows: Iterable[tuple[str, int]], *, is_personal: bool) -> dict[str, int]:
    """Words with their orders; a text that is long or may be about a person is shown by its length, and such texts are added up."""
    found: dict[str, int] = {}
    for text, count in rows:
        is_word = not is_personal and len(text) <= LONGEST_WORD and not _PERSONAL.search(text)
        shown = text if is_word else "(personal data)" if is_personal else f"(text of {len(text)} characters)"
        found[shown] = found.get(shown, 0) + count
    return found


def _maps(contract: SourceContract | None) -> list[tuple[str, Feed, EntityMap]]:
    feeds = contract.feeds.items() if contract else ()
    return [(name, feed, each) for name, feed in feeds for each in feed.maps if each.entity == ORDERS and STATUS in each.fields]


def _only_feed(contract: SourceContract | None) -> str | None:
    """The feed that gives a source's statuses; None when there are several."""
    names = {name for name, _, _ in _maps(contract)}
    return names.pop() if len(names) == 1 else None


def _is_personal(contract: SourceContract | None) -> bool:
    """Whether a status comes from a column with personal data, or from an expression that names one."""
    for _, feed, each in _maps(contract):
        named = " ".join(text for part in each.fields[STATUS].alternatives for text in (part.column, part.expr) if text)
        if any(column.pii is not PiiClass.NONE and re.search(rf"\b{column.name}\b", named) for column in feed.columns):
            return True
    return False


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
