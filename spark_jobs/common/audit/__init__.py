"""What is written to the audit log while things happen; sealing and verification are in `spark_jobs.audit`."""
