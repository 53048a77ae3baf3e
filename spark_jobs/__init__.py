"""Everything that runs on Spark: the engine, and the steps of a night from files to marts."""
