"""The Spark profile of the engine: settings of the lake turned into Spark configuration, JVM options and a log configuration."""

from pathlib import Path

from conf.settings import Settings


def embedded_profile() -> dict[str, str]:
    """What makes Spark quick on one small machine; measured, see docs/engine.md."""
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.retainedJobs": "100",
        "spark.ui.retainedStages": "100",
        "spark.ui.retainedTasks": "2000",
        "spark.sql.ui.retainedExecutions": "20",
    }


def common_profile() -> dict[str, str]:
    """What the platform relies on wherever Spark runs."""
    return {
        "spark.app.name": "cdp-engine",
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        # Answers min() and max() of a date from the log with the wrong Java class inside the Thrift server: ClassCastException.
        "spark.databricks.delta.optimizeMetadataQuery.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.parquet.compression.codec": "zstd",
        # A token has 67 characters: 1 MB holds 15,000 of them, and a column with more would be written out in full. Bronze of 50,000 customers
        # takes 40 % of the room.
        "spark.hadoop.parquet.dictionary.page.size": str(8 << 20),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
        "spark.sql.connect.serverStacktrace.enabled": "false",
        "spark.sql.pyspark.jvmStacktrace.enabled": "false",
        "spark.sql.thriftServer.incrementalCollect": "true",
        "spark.connect.session.manager.defaultSessionTimeout": "12h",
        "spark.hadoop.hive.server2.idle.session.timeout": "12h",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.mode": "FAIR",
    }


def spark_conf(settings: Settings, connect_port: int, thrift_port: int, jars: list[Path]) -> dict[str, str]:
    """The whole configuration of an engine; `spark.conf` of the settings has the last word."""
    folder, local = settings.lake.engine, settings.spark.master.startswith("local")
    scratch = folder / "tmp"
    conf = common_profile() | (embedded_profile() if local else {"spark.jars": ",".join(map(str, jars))})
    conf |= {
        "spark.master": settings.spark.master,
        "spark.driver.memory": settings.spark.driver_memory,
        "spark.sql.shuffle.partitions": str(settings.spark.shuffle_partitions),
        "spark.sql.warehouse.dir": settings.lake.warehouse.as_uri(),
        "spark.local.dir": str(scratch / "spark"),
        "spark.driver.extraClassPath": ":".join(map(str, jars)),
        "spark.scheduler.allocation.file": (folder / "fairscheduler.xml").as_uri(),
        "spark.connect.grpc.binding.address": "localhost",
        "spark.connect.grpc.binding.port": str(connect_port),
        "spark.hadoop.hive.server2.thrift.bind.host": "localhost",
        "spark.hadoop.hive.server2.thrift.port": str(thrift_port),
        "spark.hadoop.hive.exec.scratchdir": str(scratch / "hive"),
        "spark.hadoop.hive.exec.local.scratchdir": str(scratch / "hive-local"),
        "spark.hadoop.hive.downloaded.resources.dir": str(scratch / "hive-resources"),
        "spark.hadoop.hive.server2.logging.operation.log.location": str(scratch / "hive-operations"),
        "spark.hadoop.hive.metastore.schema.verification": "false",
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={settings.lake.metastore / 'catalog'};create=true",
    }
    return conf | settings.spark.conf


def jvm_options(settings: Settings, archive: str) -> str:
    """Options of the JVM in one string, as spark-submit takes them; `archive` is the class-data option or empty."""
    folder = settings.lake.engine
    options = [
        f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
        f"-Dderby.system.home={settings.lake.metastore}",
        f"-Dderby.stream.error.file={folder / 'log' / 'derby.log'}",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        "-Djava.net.preferIPv4Stack=true",
        "-Xss4m",
        "-XX:+UseParallelGC",  # throughput counts, pauses do not: 5 % of a night on two cores
        "-XX:+ExitOnOutOfMemoryError",
        "-Xshare:auto",
        archive,
    ]
    return " ".join(f'"{option}"' for option in options if option)


def write_files(settings: Settings) -> None:
    """Write what the JVM reads at start: log configuration and scheduler pools."""
    folder = settings.lake.engine
    for name in ("log", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "log4j2.properties").write_text(LOG4J2.format(log=folder / "log" / "engine.log"), encoding="utf-8")
    (folder / "fairscheduler.xml").write_text(POOLS, encoding="utf-8")


# Inside Spark's one default pool jobs would queue first come, first served: a person's query would wait for the night to end.
POOLS = """<?xml version="1.0"?>
<allocations><pool name="default"><schedulingMode>FAIR</schedulingMode><weight>1</weight><minShare>0</minShare></pool></allocations>
"""

LOG4J2 = """
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd HH:mm:ss.SSS}}{{UTC}} %p %c{{1}}: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 5
logger.jobs.name = org.apache.spark.scheduler.DAGScheduler
logger.jobs.level = error
logger.catalogue.name = org.apache.hadoop.hive.metastore.ObjectStore
logger.catalogue.level = error
"""
