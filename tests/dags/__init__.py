"""Tests of the DAGs: they load, their edges hold, errors are retried by kind."""
