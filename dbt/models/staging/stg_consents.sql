with source_rows as (
    select * from {{ source('silver', 'consents') }}
),

final as (
    select
        consent_id,
        source_customer_id,
        lower(trim(purpose)) as purpose,
        coalesce(nullif(lower(trim(channel)), ''), 'all') as channel,
        is_granted,
        decided_at,
        asked_in,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
