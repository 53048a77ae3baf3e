"""The folder of the truth: one Parquet table for each kind of fact, visible when the simulation is complete."""

import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from conf.errors import CdpError

ROW_GROUP = 200_000


class NotATruthError(CdpError):
    """The folder for the truth holds something else, which is not removed."""


class TruthFolder:
    """Collects rows of the truth's tables and writes `<folder>/<table>/part-0.parquet`.

    Use as a context: the tables lie in a draft folder until the block ends without an error, then take the place of an older truth.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._draft = folder, folder.with_name(f".{folder.name}.part")
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}

    def __enter__(self) -> Self:
        """Raises NotATruthError when the folder holds anything else than an older truth."""
        if self._folder.exists() and any(self._folder.iterdir()) and not (self._folder / "run.json").is_file():
            raise NotATruthError(f"{self._folder} holds files that are no truth of a simulation; name an empty folder with --truth")
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            for name in sorted(self._waiting):
                self._flush(name)
        for writer in self._writers.values():
            writer.close()
        if kind is not None:
            shutil.rmtree(self._draft, ignore_errors=True)
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        self._draft.replace(self._folder)

    def add(self, name: str, table: pa.Table) -> None:
        """Rows of a table; every call brings the same columns."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(table)
        if sum(len(each) for each in waiting) >= ROW_GROUP:
            self._flush(name)

    def note(self, facts: dict[str, object]) -> None:
        """How the simulation was called, as `run.json`."""
        text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False, default=str)
        (self._draft / "run.json").write_text(text + "\n", encoding="utf-8")

    def _flush(self, name: str) -> None:
        tables = self._waiting.pop(name)
        table = pa.concat_tables(tables)
        if name not in self._writers:
            (self._draft / name).mkdir()
            self._writers[name] = pq.ParquetWriter(self._draft / name / "part-0.parquet", table.schema, compression="zstd")
        self._writers[name].write_table(table, row_group_size=ROW_GROUP)
