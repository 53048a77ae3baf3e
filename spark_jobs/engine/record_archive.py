"""Records the class-data archive: starts an engine on a throw-away lake, lets it do what a night does, and stops it. Run at set-up."""

import logging
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from conf.errors import CdpError
from conf.settings import Lake, Settings, Spark, load_settings
from spark_jobs.engine import archive, server
from spark_jobs.engine.jars import jar_paths
from spark_jobs.engine.java import java_home
from spark_jobs.engine.lock import EngineState
from spark_jobs.engine.statements import split

log = logging.getLogger(__name__)

DUMP_SECONDS = 300

# A workload that loads the classes a night uses: typed tables, merge, windows, views, time travel, delete, optimize.
WARM_UP = """
create table bronze.a (id bigint, k string, amount decimal(18,2), on_day date, at timestamp) using delta;
insert into bronze.a
select id, concat('k', id % 10), cast(id as decimal(18,2)), date'2017-01-01', timestamp'2017-01-01 00:00:00' from range(1000);
create table silver.a using delta partitioned by (on_day) as select * from bronze.a where id < 500;
merge into silver.a as t using (select * from bronze.a where id > 400) as s on t.id = s.id
when matched and t.amount <> s.amount then update set * when not matched then insert *;
create or replace view staging.a as select *, sha2(k, 256) as h, to_date(at) as d from silver.a;
create or replace table gold_build.a using delta as
with w as (
    select *, row_number() over (partition by k order by id desc) as rn, ntile(5) over (order by amount) as q,
        sum(amount) over (partition by k order by id rows between 5 preceding and current row) as s
    from staging.a
)
select k, count(*) as n, count(distinct id) as d, sum(amount) as s, max(case when rn = 1 then at end) as at, max(q) as q from w group by k;
insert into gold_build.a select * from gold_build.a;
insert overwrite silver.a select * from silver.a;
create or replace view gold.a as select * from gold_build.a version as of 0;
select a.*, b.amount from gold.a join silver.a as b on a.k = b.k left anti join bronze.a as c on c.id = b.id where a.n > 1 order by a.s limit 10;
select count(*) from (select k from silver.a union all select k from bronze.a group by k having count(*) > 1);
describe history gold_build.a limit 1;
describe extended silver.a;
show tables in silver;
delete from silver.a where id = 7;
optimize silver.a
"""


def record() -> Path:
    """Record the archive for this Java and these jars and return its file; an archive that is there is kept.

    Raises:
        EngineError: the engine could not be started, or wrote no archive.
    """
    file = archive.archive_file(java_home(), jar_paths())
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="cdp-archive-") as folder:
        settings = _settings(Path(folder))
        state = server.start(settings, record=draft)
        try:
            _warm_up(settings, state)
        finally:
            server.stop(settings, seconds=DUMP_SECONDS)
        if not draft.is_file():
            raise server.not_started("the JVM wrote no class-data archive", settings)
    for old in file.parent.glob("*.jsa"):
        old.unlink()
    draft.replace(file)
    return file


def _settings(folder: Path) -> Settings:
    spark = load_settings().spark.model_copy(
        update={"remote": None, "master": "local[2]", "driver_memory": "2g", "connect_port": 0, "thrift_port": 0}
    )
    return load_settings().model_copy(update={"lake": Lake(root=folder), "spark": Spark(**spark.model_dump())})


def _warm_up(settings: Settings, state: EngineState) -> None:
    """The workload over Connect, as jobs do it, and a little over Thrift, as people do."""
    from spark_jobs.common.session import attach, connect_url
    from spark_jobs.engine import thrift

    session = attach(connect_url(state))
    for statement in split(WARM_UP):
        session.sql(statement).collect()
    rows = session.createDataFrame([(1, "a")], "id bigint, k string")
    rows.write.mode("overwrite").option("header", True).option("compression", "gzip").csv((settings.lake.landing / "a").as_uri())
    session.read.option("header", True).schema("id string, k string").csv((settings.lake.landing / "a").as_uri()).toArrow()
    rows.writeTo("bronze.b").using("delta").create()
    session.table("bronze.b").mapInArrow(lambda batches: batches, "id bigint, k string").collect()
    session.stop()
    connection = thrift.connect(state.thrift_port, schema="gold")
    cursor = connection.cursor()
    cursor.execute("select * from a order by k")
    cursor.fetchall()
    connection.close()


def main() -> int:
    """Record and say so. Returns the process exit code; a failure costs speed only, so the caller may go on."""
    try:
        file = record()
    except CdpError as err:
        Console(stderr=True, soft_wrap=True).print(str(err), style="yellow", markup=False, highlight=False)
        return err.exit_code
    Console(soft_wrap=True).print(
        f"  class-data archive: {file.name} ({file.stat().st_size / 2**20:.0f} MB)", markup=False, highlight=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
