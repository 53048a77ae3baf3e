"""Erasure of a batch of customers, step by step; each step can be repeated, so that a killed run is taken up where it was.

Order: who they are; that they must not come back; what stands in their rows; then the layers from bronze to gold; the vault; the past of all
tables; logs; and a scan that looks for them everywhere. All customers of a batch go together: a thousand cost the passes of one.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, reduce

from conf.catalog import catalog
from conf.contracts import load_sources
from conf.erasure import load_erasure
from conf.errors import CdpError, Finding, InputError
from conf.settings import Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import Keyring, key_reference
from spark_jobs.common.delta import ensure_table, merge
from spark_jobs.common.job import StepContext
from spark_jobs.common.logging import Event, log_event
from spark_jobs.common.pii.normal import normalise
from spark_jobs.ingest.journal import one_at_a_time
from spark_jobs.ingest.reloads import roll_back_killed
from spark_jobs.privacy.archive import loaded_files, redact
from spark_jobs.privacy.erasure import bronze, purge, quarantine, tables
from spark_jobs.privacy.erasure.certificate import Certificate, write_certificate
from spark_jobs.privacy.erasure.subjects import CUSTOMER, KEY, OWN, SEEN, add_seen, check_known, find_subjects
from spark_jobs.privacy.erasure.traces import remove_traces, scan_lake
from spark_jobs.privacy.erasure.work import ASKED, Work
from spark_jobs.privacy.needles import Needles
from spark_jobs.publish import publications

log = logging.getLogger(__name__)

AT_ONCE = 4
LONG_TEXT = 16  # characters: shorter remarks ("how much?") stand in what others wrote, too
# What is done again when the scan at the end has found something: rows may have come since, or an old version may have had to stay for its hours.
REPEATED = (
    "03_rows",
    "05_bronze",
    "06_quarantine",
    "07_files",
    "08_tables",
    "09_vault",
    "10_rewrite",
    "11_publish",
    "12_vacuum",
    "13_traces",
)
VAULT, SUPPRESSIONS = "vault.pii", "vault.suppressions"


def erase(ctx: StepContext, customer_ids: Sequence[str], *, request_ids: Sequence[str] = ()) -> Certificate:
    """Erase customers from everything that the lake holds; the caller holds the writer's lock.

    Args:
        ctx: session, settings and business date.
        customer_ids: who.
        request_ids: what the certificate answers.

    Raises:
        InputError: nobody is named, or somebody whom the lake does not know; nothing was erased.
        CdpError: a step could not be done; run it again (`cdp privacy erase --resume`).
    """
    asked = sorted(set(customer_ids))
    if not asked:
        raise InputError(
            "nobody is to be erased", [Finding("customers", "none is named", "give customer ids, as gold.dim_customers has them")]
        )
    check_known(ctx.spark, asked)
    text = json.dumps([asked, sorted(request_ids), ctx.business_date.isoformat()])
    work = Work(ctx.spark, ctx.settings, f"e{hashlib.sha256(text.encode()).hexdigest()[:15]}")
    ring = key_reference(ctx.settings).open()
    work.seal(ring, ASKED, [ctx.business_date.isoformat(), *asked, "", *sorted(request_ids)])
    return _Erasure(ctx, work, ring, asked, sorted(request_ids)).run()


def resume(ctx: StepContext, erasure_id: str) -> Certificate:
    """Go on with a batch that was killed."""
    work, ring = Work(ctx.spark, ctx.settings, erasure_id), key_reference(ctx.settings).open()
    day, *names = work.opened(ring, ASKED)
    split = names.index("")
    context = replace(ctx, business_date=date.fromisoformat(day))
    return _Erasure(context, work, ring, names[:split], names[split + 1 :]).run()


@dataclass
class _Erasure:
    ctx: StepContext
    work: Work
    ring: Keyring
    asked: list[str]
    request_ids: list[str]

    @cached_property
    def feeds(self) -> list[bronze.FeedOf]:
        return bronze.feeds(self.work)

    def run(self) -> Certificate:
        """All steps that are not done yet, in order."""
        steps: list[tuple[str, Callable[[], dict[str, object]]]] = [
            ("01_subjects", self.find), ("02_suppress", self.suppress), ("03_rows", self.find_rows), ("04_values", self.open_values),
            ("05_bronze", self.clear_bronze), ("06_quarantine", self.clear_quarantine), ("07_files", self.clear_files),
            ("08_tables", self.clear_tables), ("09_vault", self.clear_vault), ("10_rewrite", self.rewrite), ("11_publish", self.publish),
            ("12_vacuum", self.vacuum),
        ]  # fmt: skip
        with one_at_a_time(self.ctx.settings):
            roll_back_killed(self.ctx)  # later it would bring erased rows back
            publications.check_published(self.ctx)
            for name, step in steps:
                if not self.work.is_done(name):
                    log_event(log, Event.STARTED, step=f"erasure {name}", erasure_id=self.work.erasure_id)
                    self.work.done(name, **step())
            return self._certify()

    def find(self) -> dict[str, object]:
        return {**find_subjects(self.work, self.asked)}

    def suppress(self) -> dict[str, object]:
        rows = [
            (self.ring.mark(value), subject, self.work.erasure_id, self.ctx.business_date)
            for subject, kind in (("key", KEY), ("token", OWN))
            for value in sorted(self.work.subjects(kind).toArrow()["value"].to_pylist())
        ]
        table = catalog().table(SUPPRESSIONS)
        ensure_table(self.ctx.spark, self.ctx.settings, table)
        if rows:
            merge(self.ctx.spark, self.ctx.settings, table, self.ctx.spark.createDataFrame(rows, table.ddl), compare=["mark"])
        return {"marks": len(rows)}

    def find_rows(self) -> dict[str, object]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda of: bronze.find_rows(self.work, of), self.feeds))
        tokens = [frame for _, frame in found if frame is not None]
        seen = add_seen(self.work, reduce(lambda one, other: one.unionByName(other), tokens)) if tokens else 0
        return {"rows": sum(count for count, _ in found), "tokens_seen": seen}

    def open_values(self) -> dict[str, object]:
        """What the vault knows of the subjects, sealed: it is looked for in quarantine and at the end everywhere."""
        from pyspark.sql import functions as F

        tokens = self.work.subjects(OWN, SEEN).withColumnRenamed("value", "token")
        rows = (
            self.ctx.spark.table(VAULT)
            .join(F.broadcast(tokens), "token", "left_semi")
            .select("token", "kind", "ciphertext")
            .toArrow()
            .to_pylist()
        )
        own = set(self.work.subjects(OWN).toArrow()["value"].to_pylist())
        values = {row["token"]: self.ring.decrypt(row["ciphertext"], row["token"]).decode() for row in rows}
        note(self.ctx.settings, Action.PII_READ, VAULT, purpose=f"erasure {self.work.erasure_id}", rows=len(values))
        kinds = {row["token"]: row["kind"] for row in rows}
        mine = {value for token, value in values.items() if token in own}
        mine |= {normalise(kinds[token], value, self.ring.country) for token, value in values.items() if token in own}
        self.work.seal(self.ring, "own_values", sorted(mine))
        others = ((token, value) for token, value in sorted(values.items()) if token not in own)
        told = [each for each in others if kinds[each[0]] != "free_text" or len(each[1]) >= LONG_TEXT]
        self.work.seal(self.ring, "seen_values", [part for each in told for part in each])
        return {"values": len(values)}

    def clear_bronze(self) -> dict[str, object]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            counts = list(pool.map(lambda of: bronze.erase_rows(self.work, of), self.feeds))
        still = bronze.tokens_in_use(self.work, self.feeds).count()
        return {"tables": {of.table: found for of, found in zip(self.feeds, counts, strict=True) if found}, "tokens_of_others": still}

    def clear_quarantine(self) -> dict[str, object]:
        sought = quarantine.Sought(
            frozenset(self.work.subjects(KEY).toArrow()["value"].to_pylist()),
            frozenset(self.work.subjects(OWN).toArrow()["value"].to_pylist()),
            self.work.opened(self.ring, "own_values"),
        )
        tokens = frozenset(self.work.subjects(OWN, SEEN).toArrow()["value"].to_pylist())
        found = {of.table: quarantine.find_rejected(self.work, of, self.ring, sought, tokens) for of in self.feeds}
        others = sorted({token for each in found.values() for token in each.tokens_of_others})
        self.work.keep(self.ctx.spark.createDataFrame([(token,) for token in others], "value string"), "tokens_in_quarantine")
        for of in self.feeds:
            quarantine.erase_rejected(self.work, of, found[of.table])
        counts = {f"quarantine.{of.source}__{of.name}": len(found[of.table].row_ids) for of in self.feeds if found[of.table].row_ids}
        lines: dict[str, list[int]] = {}
        for each in found.values():
            for file, numbers in each.lines.items():
                lines.setdefault(file, []).extend(numbers)
        (self.work.folder / "quarantined_lines.json").write_text(json.dumps(lines), encoding="utf-8")
        return {"tables": counts}

    def clear_files(self) -> dict[str, object]:
        """Delivered files, and their copies under other names, without the rows that were found."""
        lines = {name: set(numbers) for name, numbers in json.loads((self.work.folder / "quarantined_lines.json").read_text()).items()}
        for of in self.feeds:
            for kind in ("rows", "actions"):
                name = f"{kind}_{of.source}__{of.name}"
                if self.work.has(name):
                    for row in self.work.read(name).select(*bronze.PLACE).distinct().toLocalIterator():
                        lines.setdefault(row["_source_file"], set()).add(row["_line"])
        loaded = loaded_files(self.ctx.spark)
        hashes = {each.file: each.file_hash for each in loaded}
        of_hash = {hashes[name]: numbers for name, numbers in lines.items() if name in hashes}
        return {**redact(self.ctx.settings, {each.file: of_hash.get(each.file_hash, set()) for each in loaded}, loaded)}

    def clear_tables(self) -> dict[str, object]:
        found = tables.tables(self.work)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            counts = dict(zip(found, pool.map(lambda name: tables.erase_from(self.work, name, found[name]), found), strict=True))
        return {"tables": {name: count for name, count in counts.items() if count}, "looked_at": sorted(found)}

    def clear_vault(self) -> dict[str, object]:
        gone = self.work.subjects(OWN, SEEN).join(self.work.in_use(), "value", "left_anti")
        gone.createOrReplaceTempView("erased_tokens")
        sql = f"merge into {VAULT} v using erased_tokens e on v.token = e.value when matched then delete"
        row = self.ctx.spark.sql(sql).collect()[0]
        self.ctx.spark.catalog.dropTempView("erased_tokens")
        return {"tables": {VAULT: row["num_deleted_rows"]}}

    def _touched(self) -> list[str]:
        """Every table that held something of the subjects, now or in an older version."""
        names = {VAULT}
        for step, result in self.work.results().items():
            if step.startswith("08_tables"):
                names |= set(result["looked_at"])  # type: ignore[call-overload]
            elif step.startswith(("05_bronze", "06_quarantine")):
                names |= set(result["tables"])  # type: ignore[call-overload]
        return sorted(names)

    def rewrite(self) -> dict[str, object]:
        return {"count": purge.rewrite(self.ctx.spark, self.ctx.settings, self._touched())}

    def publish(self) -> dict[str, object]:
        """Readers see the marts without them; the versions before are gone in a moment."""
        return {"published": publications.republish(self.ctx)}

    def vacuum(self) -> dict[str, object]:
        names = [*self._touched(), "ops.publications"]
        return {**purge.vacuum(self.ctx.spark, self.ctx.settings, names, load_erasure().retain_old_versions_hours)}

    def needles(self) -> list[str]:
        """What must not be found any more: tokens, customers, their namespaced keys, and values that are nobody else's."""
        kept = set(self.work.in_use().toArrow()["value"].to_pylist())
        seen = self.work.opened(self.ring, "seen_values")
        values = [value for token, value in zip(seen[::2], seen[1::2], strict=True) if token not in kept]
        keys = self.work.subjects(CUSTOMER, KEY, OWN, SEEN).toArrow()["value"].to_pylist()
        return sorted({*(each for each in keys if each not in kept), *self.work.opened(self.ring, "own_values"), *values})

    def _certify(self) -> Certificate:
        needles = self.needles()
        self.work.done("13_traces", **remove_traces(self.ctx.settings, needles, self.work.folder))
        found = scan_lake(self.ctx.settings, needles, self.work.folder)
        marks = sorted(self.ring.mark(key) for key in self.work.subjects(KEY).toArrow()["value"].to_pylist())
        scan = {
            "files": found.files, "bytes": found.bytes, "needles": len(needles), "too_short": len(Needles(needles).too_short),
            "found": sorted({f"{_inside(self.ctx.settings, each.file)} ({each.where})" for each in found.found}),
            "not_scanned": {_inside(self.ctx.settings, name): why for name, why in sorted(found.not_scanned.items())},
        }  # fmt: skip
        certificate = Certificate(
            self.work.erasure_id,
            self.ctx.business_date.isoformat(),
            self.request_ids,
            marks,
            self.work.results(),
            _stays(),
            scan,
            found.is_clean,
        )
        certificate = replace(certificate, path=write_certificate(self.ctx.settings, certificate))
        note(self.ctx.settings, Action.ERASED, self.work.erasure_id, customers=len(self.asked), is_complete=found.is_clean)
        if not found.is_clean:
            self.work.begin_again(REPEATED)
            problem = f"{len(scan['found'])} file(s) still hold something, {len(scan['not_scanned'])} could not be looked into"  # type: ignore[arg-type]
            remedy = f"see {certificate.path}; then look for them once more in everything: cdp privacy erase --resume"
            raise CdpError("the erasure is not complete", [Finding(self.work.erasure_id, problem, remedy)])
        self.work.remove()
        return certificate


def _inside(settings: Settings, file: str) -> str:
    return file.removeprefix(f"{settings.lake.root}/")


def _stays() -> list[str]:
    """What the certificate says of what is kept."""
    kept = load_erasure().kept_without_customer
    text = [
        f"Rows of {', '.join(kept.entities)} stay without their customer: receipts and stock must add up.",
        "Delivered files lose their lines whole: one that is loaded anew lacks rows that stay in the lake without their customer.",
        "Figures of many customers (metrics_daily, models' weights) stay: nobody is in them as a person.",
        "Marks of the erased customer keys stay in vault.suppressions, so that a file that is delivered again does not bring anybody back.",
        "Tokens and values that other customers have too (a shared telephone, an equal name) stay with those.",
        "The audit log stays; it holds no customer's value.",
        "Working files of the running engine (engine/tmp) go when it stops: cdp engine down.",
    ]
    unmapped = sorted(f"{s}.{n}" for s, contract in load_sources().items() for n, feed in contract.feeds.items() if not feed.maps)
    return [*text, *([f"Feeds that fill no entity were searched for tokens only: {', '.join(unmapped)}."] if unmapped else [])]
