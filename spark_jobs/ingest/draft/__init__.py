"""A first mapping from sample files (`cdp source new`): what is in the files, guessed, and written as YAML with comments. No Spark."""
