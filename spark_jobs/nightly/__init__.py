"""The night from the command line: runs the real DAG in process, shows its progress and what came out."""
