"""First mappings, inferred from sample files: what the files are, what their columns mean, which entities they may fill."""
