"""The Spark engine of a lake: one JVM that serves Spark Connect and SQL over Thrift, and owns catalogue and commits."""
