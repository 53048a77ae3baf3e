with source_rows as (
    select * from {{ source('silver', 'campaigns') }}
),

final as (
    select
        campaign_id,
        campaign_name,
        campaign_type,
        starts_on,
        ends_on,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
