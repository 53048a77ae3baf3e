"""Promises about rows: errors found, channels reached, behaviour captured, orders complete."""

from conf.contracts import load_sources
from spark_jobs.common.crypto import key_reference
from tests.evaluation.intervals import share
from tests.evaluation.lake import Lake
from tests.evaluation.promise import Detail, Figure, Promise

QUARANTINED = "the platform's quarantine"


def data_repair(lake: Lake) -> Promise:
    """Injected errors that no rule could pass are in quarantine, repairable ones are repaired, and nothing else is rejected."""
    _rejected_lines(lake)
    errors = f"""
        select errors.*, errors.source || '/' || errors.file as delivered, lines.file is not null as is_caught
        from truth_injected_errors errors
        join (select distinct source, feed, file from {lake.table("ops", "ingest_manifest")} where status = 'loaded') loaded
            on loaded.file = errors.source || '/' || errors.file
        left join rejected_lines lines on lines.file = errors.source || '/' || errors.file and lines.line = errors.line
    """
    expected, caught = lake.row(f"select count(*), coalesce(count_if(is_caught), 0) from ({errors}) where expected = 'reject'")
    repairable, refused = lake.row(f"select count(*), coalesce(count_if(is_caught), 0) from ({errors}) where expected = 'repair'")
    repaired = _repaired(lake, errors)
    rejected, wrongly = lake.row(
        """
        select count(*), coalesce(count_if(not exists (
            select 1 from truth_injected_errors errors where errors.source || '/' || errors.file = lines.file and errors.line = lines.line and errors.expected = 'reject'
        )), 0) from rejected_lines lines
        """
    )
    valid = lake.row(f"select sum(rows_in) from {lake.table('ops', 'ingest_manifest')} where status = 'loaded'")[0] or 0
    return Promise(
        "data_repair", "Errors in files are found or repaired", "数据错误发现与修复",
        (
            Figure("errors caught", *share(caught, expected), baseline=0.0, n=expected),
            Figure("repairable rows kept", *share(repairable - refused, repairable), baseline=1.0, n=repairable),
            Figure("repaired to the same token", *share(*repaired), baseline=0.0, n=repaired[1]),
            Figure("rows wrongly rejected", *share(wrongly, int(valid)), baseline=0.0, n=int(valid)),
        ),
        f"baseline: load everything as it is; {rejected:,} rows are in {QUARANTINED}",
        details=(_by_kind(lake, errors), _by_source(lake, errors)),
    )  # fmt: skip


def _rejected_lines(lake: Lake) -> None:
    """View `rejected_lines`: file and line of every quarantined row. A second copy of a file counts as the first."""
    tables = [
        f"select '{source}' as source, '{name}' as feed, replace(_source_file, '_again', '') as file, _line as line from {lake.table('quarantine', f'{source}__{name}')}"
        for source, contract in load_sources().items()
        for name in contract.feeds
        if lake.has("quarantine", f"{source}__{name}")
    ]
    lake.add("rejected_lines", lake.frame(" union all ".join(tables)))


def _repaired(lake: Lake, errors: str) -> tuple[int, int]:
    """Rows whose unusual spelling has the token of the usual one, and rows that could."""
    keyring = key_reference(lake.settings).open()
    hits = total = 0
    for source, contract in load_sources().items():
        for name, feed in contract.feeds.items():
            columns = {column.delivered_name: column for column in feed.columns if column.is_tokenised}
            table = f"{source}__{name}"
            if not columns or not lake.has("bronze", table):
                continue
            repairs = lake.rows(
                f"select delivered, line, \"column\", before from ({errors}) where expected = 'repair' and not is_caught and source = '{source}' and feed = '{name}'"
            )
            for column_name in {row[2] for row in repairs} & set(columns):
                column = columns[column_name]
                mine = [row for row in repairs if row[2] == column_name]
                lines = ", ".join(f"('{row[0]}', {row[1]})" for row in mine)
                found = lake.rows(
                    f"select replace(_source_file, '_again', ''), _line, {column.name} from {lake.table('bronze', table)} "
                    f"where (replace(_source_file, '_again', ''), _line) in ({lines})"
                )
                tokens = {(file, line): token for file, line, token in found}
                assert column.kind is not None
                hits += sum(tokens.get((row[0], row[1])) == keyring.token(column.kind, row[3]) for row in mine)
                total += len(mine)
    return hits, total


def _by_kind(lake: Lake, errors: str) -> Detail:
    rows = lake.rows(
        f"""
        select kind, expected, count(*), count_if(is_caught), count_if(not is_caught) from ({errors}) group by all order by expected, kind
        """
    )
    return Detail("by kind of error", ("error", "expected", "injected", "in quarantine", "in bronze"), tuple(rows))


def _by_source(lake: Lake, errors: str) -> Detail:
    rows = lake.rows(
        f"""
        with injected as (
            select source, feed, count_if(expected = 'reject') as expected, count_if(is_caught and expected = 'reject') as caught
            from ({errors}) group by all
        ), rejected as (
            select source, feed, count(*) as rejected from rejected_lines group by all
        )
        select coalesce(injected.source, rejected.source), coalesce(injected.feed, rejected.feed), coalesce(expected, 0), coalesce(caught, 0),
            coalesce(expected, 0) - coalesce(caught, 0) as missed, coalesce(rejected, 0) - coalesce(caught, 0) as wrongly
        from injected full join rejected on injected.source = rejected.source and injected.feed = rejected.feed
        order by 1, 2
        """
    )
    return Detail("by feed", ("source", "feed", "should be rejected", "caught", "missed", "wrongly rejected"), tuple(rows))


def capture(lake: Lake) -> Promise:
    """Every channel is in the lake (access), and what happened in it is in bronze once (behaviour capture)."""
    delivered = lake.rows(
        f"select source, feed, sum(rows)::bigint, count_if(rows > 0) from truth_feed_days where day <= date '{lake.as_of}' group by all order by all"
    )
    captured = [
        (source, feed, rows // days if _is_full_list(source, feed) and days else rows, _distinct_rows(lake, source, feed))
        for source, feed, rows, days in delivered
    ]
    sources = sorted({source for source, *_ in captured})
    reached = [source for source in sources if any(each[0] == source and each[3] for each in captured)]
    rows, found = sum(each[2] for each in captured), sum(min(each[2], each[3]) for each in captured)
    per_feed = tuple(
        (source, feed, true, there, round(min(there / true, 1.0), 4) if true else None) for source, feed, true, there in captured
    )
    return Promise(
        "capture", "Channels are connected, behaviour is captured", "渠道接入与行为采集",
        (
            Figure("channel access rate", *share(len(reached), len(sources)), n=len(sources)),
            Figure("behaviour capture rate", *share(found, rows), n=rows),
        ),
        f"{len(reached)} of {len(sources)} source systems; rows that are late or in quarantine on {lake.as_of} are missing; rows of a full list count once",
        details=(Detail("by feed", ("source", "feed", "rows that happened", "in bronze", "captured"), per_feed),),
    )  # fmt: skip


def _is_full_list(source: str, name: str) -> bool:
    """Whether every delivery is all there is: its rows count once, however often they are delivered."""
    contract = load_sources().get(source)
    return contract is not None and name in contract.feeds and contract.feeds[name].delivery == "snapshot"


def _distinct_rows(lake: Lake, source: str, name: str) -> int:
    """Different rows of a feed in bronze that were known on the night: what was delivered twice counts once, what came later not at all."""
    contract = load_sources().get(source)
    if contract is None or name not in contract.feeds or not lake.has("bronze", f"{source}__{name}"):
        return 0
    content = ", ".join(f'"{column}"' for column in contract.feeds[name].column_names)
    table = lake.table("bronze", f"{source}__{name}")
    return int(lake.row(f"select count(distinct hash({content})) from {table} where _known_on <= date '{lake.as_of}'")[0])


def orders(lake: Lake) -> Promise:
    """Orders and sales in gold are those that happened, channel by channel."""
    rows = lake.rows(
        f"""
        with happened as (
            select case channel when 'mini' then 'mini_program' when 'call' then 'phone' else channel end as channel, count(*) as orders,
                sum(amount - delivery_fee) as sales
            from truth_orders where not is_cancelled and ordered_on <= date '{lake.as_of}' group by 1
        ), known as (
            select channel, count(*) as orders, sum(sales_amount) as sales from fct_orders group by 1
        )
        select coalesce(happened.channel, known.channel), happened.orders, known.orders, happened.sales::double, known.sales::double
        from happened full join known on happened.channel = known.channel order by 1
        """
    )
    happened, known = sum(row[1] or 0 for row in rows), sum(row[2] or 0 for row in rows)
    true_sales, sales = sum(row[3] or 0 for row in rows), sum(row[4] or 0 for row in rows)
    in_both = lake.row(
        f"""
        select count(distinct told.order_number) from truth_orders told join fct_orders known on told.order_number = split_part(known.order_id, ':', 2)
        where not told.is_cancelled and told.ordered_on <= date '{lake.as_of}'
        """
    )[0]
    return Promise(
        "orders", "Orders are complete and right", "订单完整准确",
        (
            Figure("orders known", *share(in_both, happened), n=happened),
            Figure("orders that never happened", *share(known - in_both, known), n=known),
            Figure("sales known over sales", sales / true_sales if true_sales else None, n=known),
        ),
        "late and quarantined rows are missing; amounts without delivery fees",
        details=(Detail("by channel", ("channel", "orders that happened", "in gold", "sales", "sales in gold"), tuple(rows)),),
    )  # fmt: skip
