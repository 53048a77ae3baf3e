"""Tables that are the same for every retailer: what ran, what was loaded, what was published, who is who, and the vault."""

from conf.tables import Schema, Table, fields

# What is the same for every retailer.
STATIC_TABLES = (
    Table(
        Schema.OPS,
        "ingest_manifest",
        "one row per file and attempt to load it",
        fields("""
            batch_id | string | batch the file was loaded in
            source | string | source system
            feed | string | feed of the source
            file | string | path relative to landing
            file_hash | string | sha256 of the content
            size_bytes | bigint | size of the file
            modified_at_ns | bigint | modification time, so that an unchanged file is not read again
            known_on | date | first date on which the platform could know its rows
            rows_in | bigint | rows read
            rows_valid | bigint | rows in bronze
            rows_quarantined | bigint | rows in quarantine
            status | string | loaded, duplicate, failed, set_aside, withdrawn (not set aside any more) or replayed (its counts are what the replay moved)
            message | string | why it failed or was set aside, or what drifted
            warnings | string | JSON: rule that only warns → rows of the batch that break it; at one file of the batch
            business_date | date | business date of the run that loaded it
            loaded_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.OPS,
        "runs",
        "one row per step of a run",
        fields("""
            run_id | string | run
            business_date | date | business date
            step | string | step
            status | string | ok, skipped or failed
            started_at | timestamp | when, by the clock of the run
            seconds | double | duration
            counts | string | JSON object of counts
            message | string | reason of a skip or failure, without any customer's value
        """),
    ),
    Table(
        Schema.OPS,
        "conform_state",
        "one row per entity and slice of bronze (feed, batch, known date) that is in silver",
        fields("""
            entity | string | canonical entity
            source | string | source system
            feed | string | feed of the source
            batch_id | string | bronze batch
            known_on | date | known date of the slice's rows
            delivered_to | date | latest date for which one of its files was delivered
            row_count | bigint | rows of the slice in bronze
            conformed_on | date | business date of the run that conformed it
            definition_hash | string | hash of the entity and its maps at that time
        """),
        ("entity", "source", "feed", "batch_id", "known_on"),
    ),
    Table(
        Schema.OPS,
        "conform_rejects",
        "one row per bronze row that a map could not turn into a row of its entity",
        fields("""
            entity | string | canonical entity
            source | string | source system
            feed | string | feed of the source
            map_number | int | place of the map among the maps of the feed, from 0
            _source_file | string | file relative to landing
            _line | bigint | line in the file
            _known_on | date | known date of the row
            reasons | array<string> | column: reason, never a value
        """),
        ("entity", "source", "feed", "map_number", "_source_file", "_line"),
    ),
    Table(
        Schema.OPS,
        "data_quality",
        "one row per figure about the data of a night",
        fields("""
            business_date | date | business date of the night
            source | string | source system; null when the figure is about an entity
            feed | string | feed of the source; null for the whole source
            entity | string | canonical entity; null when the figure is about deliveries
            dimension | string | validity, completeness, uniqueness, consistency, freshness, accounting, statuses or emptiness
            rule | string | what was checked; `all` for everything together
            column_name | string | column or field it is about
            rows_checked | bigint | rows of the night's news that were looked at
            rows_failed | bigint | rows that do not hold
            pass_rate | double | share of rows that hold
            observed | double | what is no share: days since the last delivery, rows of a route
            threshold | double | least pass rate with which the night is published; null when nothing depends on it
            status | string | ok, warn or failed
        """),
        partition_by=("business_date",),
    ),
    Table(
        Schema.OPS,
        "publications",
        "one row per published table and night",
        fields("""
            business_date | date | business date of the night
            table_name | string | table in gold
            version | bigint | Delta version that readers see
            path | string | folder of the Delta table
            published_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.OPS,
        "privacy_requests",
        "one row per state that a person's request came into; append only, but for the customer, who is forgotten when erased",
        fields("""
            request_id | string | request
            position | int | place of the state in the request, from 1
            kind | string | access, correction or erasure
            customer_id | string | whom it is about; null when the customer was erased
            state | string | received, verified, done, refused, failed or withdrawn
            changed_on | date | day of the state
            due_on | date | day by which the request must be answered
            actor | string | who brought it into the state
            reason | string | why it was refused, or failed
            result | string | file of the export or the certificate, below the lake's root
        """),
        ("request_id", "position"),
    ),
    Table(
        Schema.OPS,
        "customer_corrections",
        "one row per correction of a customer's record that a person asked for",
        fields("""
            source_customer_id | string | key of the record that is corrected
            field | string | field of the canonical customer
            value | string | the right value; a token where the field is one; null takes the value away
            known_on | date | first date on which the platform knew it
            request_id | string | request that it answers
        """),
        ("source_customer_id", "field", "known_on"),
    ),
    Table(
        Schema.OPS,
        "audit",
        "one row per thing that was done; append only, chained and sealed (docs/audit.md)",
        fields("""
            position | bigint | place in the log, from 1
            writer | string | account whose journal it comes from
            sequence | bigint | place in that journal, from 1
            at | string | moment, UTC, by the clock of the writer
            actor | string | who acted
            action | string | what was done
            subject | string | to what: a step, a table, a model, a file
            purpose | string | why, where personal data was read
            details | string | JSON of figures and names; never a customer's value
            previous | string | hash of the writer's record before
            hash | string | SHA-256 of this record, previous included
        """),
    ),
    Table(
        Schema.OPS,
        "model_verdicts",
        "one row per evaluation of a challenger",
        fields("""
            business_date | date | business date
            model_name | string | registered model
            challenger_version | string | version that was judged; null when it was not trained
            champion_version | string | champion before the verdict
            promoted | boolean | true when every gate held
            gates | string | JSON: gate → value, bound, held
            metrics | string | JSON of metrics of challenger, champion, baseline and linear model
            reason | string | why it was promoted, kept back or skipped
            decided_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.VAULT,
        "pii",
        "one row per token",
        fields("""
            token | string | k1:<hex HMAC-SHA-256 of the normalised value>
            kind | string | phone, email, name …
            key_id | string | key that encrypted it
            ciphertext | binary | AES-256-GCM with the token as associated data
        """),
        ("token",),
    ),
    Table(
        Schema.VAULT,
        "suppressions",
        "one row per customer key, or token of one customer alone, that was erased and must not come back",
        fields("""
            mark | string | HMAC of the namespaced customer key or of the token: cannot be read back, and is no token itself
            subject | string | key or token; a token's mark holds for `privacy.suppress_tokens_days`
            erasure_id | string | batch of erasures
            erased_on | date | business date of the erasure
        """),
        ("mark",),
    ),
    Table(
        Schema.IDENTITY,
        "customer_ids",
        "one row per customer key of a source",
        fields("""
            source_customer_id | string | the source's own key, namespaced
            id_namespace | string | its namespace
            customer_id | string | the customer, minted once and never reused
            first_known_on | date | date on which the key was first known
        """),
        ("source_customer_id",),
    ),
)
