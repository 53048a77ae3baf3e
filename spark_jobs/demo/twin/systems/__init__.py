"""The source systems: each turns what happened on a day into its own files, ids, formats and clock."""
