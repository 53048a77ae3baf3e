"""The working folder of an erasure: who is erased, and which steps are done. It outlives a kill, and nothing of it is left at the end."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from conf.settings import Settings
from spark_jobs.common.crypto import Keyring

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


ASKED = "asked"


def erasures_folder(settings: Settings) -> Path:
    """Working folders and certificates of erasures; no part of the warehouse."""
    return settings.lake.root / "privacy" / "erasures"


def open_erasures(settings: Settings) -> list[str]:
    """Batches that were begun and not finished."""
    return sorted(file.parent.name for file in (erasures_folder(settings) / "open").glob(f"*/{ASKED}"))


@dataclass(frozen=True)
class Work:
    """One batch of erasures: its folder, and the session that its frames are read with.

    `subjects` are pairs (kind, value): kind is customer, key, own (a token that is this person's alone) or seen (another token of the person's rows).
    """

    spark: "SparkSession"
    settings: Settings
    erasure_id: str

    @cached_property
    def folder(self) -> Path:
        folder = erasures_folder(self.settings) / "open" / self.erasure_id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def is_done(self, step: str) -> bool:
        """Whether a step was finished, perhaps by a run that was killed later."""
        return (self.folder / f"{step}.done").exists()

    def done(self, step: str, **result: object) -> None:
        """Note that a step is finished, with what it did."""
        draft = self.folder / f".{step}"
        with draft.open("w", encoding="utf-8") as out:
            json.dump(result, out, sort_keys=True)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.folder / f"{step}.done")

    def results(self) -> dict[str, dict[str, object]]:
        """What the finished steps did; those of an earlier round have its number behind their name."""
        return {
            file.name.removesuffix(".done"): json.loads(file.read_text(encoding="utf-8"))
            for file in sorted([*self.folder.glob("*.done"), *self.folder.glob("*.round*")])
        }

    def begin_again(self, steps: Iterable[str]) -> None:
        """Let steps be done once more, from what the lake holds now; what they did and found before is kept beside it."""
        number = 1 + len(list(self.folder.glob("03_rows.round*")))
        for folder in [*self.folder.glob("rows_*"), *self.folder.glob("actions_*")]:
            shutil.rmtree(folder)
        for file in self.folder.glob("rejected_*.json"):
            file.unlink()
        for step in steps:
            done = self.folder / f"{step}.done"
            if done.exists():
                done.replace(self.folder / f"{step}.round{number}")

    def keep(self, frame: "DataFrame", name: str) -> "DataFrame":
        """Write a frame into the folder and give what was written."""
        frame.write.mode("overwrite").parquet((self.folder / name).as_uri())
        return self.read(name)

    def keep_once(self, name: str, make: Callable[[], "DataFrame"]) -> "DataFrame":
        """A frame that was kept whole before, or else is made now: what it says may not be there any more when a killed step is repeated."""
        return self.read(name) if self.has(name) else self.keep(make(), name)

    def has(self, name: str) -> bool:
        """Whether a frame was kept, and wholly."""
        return (self.folder / name / "_SUCCESS").exists()

    def read(self, name: str) -> "DataFrame":
        """A frame that was kept."""
        return self.spark.read.parquet((self.folder / name).as_uri())

    def subjects(self, *kinds: str) -> "DataFrame":
        """The values of some kinds, in the column `value`, each once."""
        from pyspark.sql import functions as F

        found = self.read("subjects")
        found = found.unionByName(self.read("seen")) if self.has("seen") else found
        return found.where(F.col("kind").isin(*kinds)).select("value").distinct()

    def in_use(self) -> "DataFrame":
        """Tokens of the subjects that others have too, in bronze or in quarantine, in the column `value`."""
        tokens = self.read("tokens_in_use")
        return tokens.unionByName(self.read("tokens_in_quarantine")).distinct() if self.has("tokens_in_quarantine") else tokens

    def seal(self, ring: Keyring, name: str, values: Sequence[str]) -> None:
        """Keep values that nobody may read in the folder: encrypted, one under the other."""
        draft = self.folder / f".{name}"
        draft.write_bytes(ring.encrypt(json.dumps(list(values)).encode(), f"erasure/{self.erasure_id}/{name}"))
        draft.replace(self.folder / name)

    def opened(self, ring: Keyring, name: str) -> list[str]:
        """Values that were sealed."""
        values: list[str] = json.loads(ring.decrypt((self.folder / name).read_bytes(), f"erasure/{self.erasure_id}/{name}"))
        return values

    def remove(self) -> None:
        """Nothing of the batch stays but its certificate."""
        shutil.rmtree(self.folder)
