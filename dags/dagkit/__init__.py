"""What the DAGs share: assets, defaults, the retry policy and the maker of tasks."""
