with source_rows as (
    select * from {{ source('silver', 'campaign_touches') }}
),

final as (
    select
        campaign_touch_id,
        campaign_id,
        source_customer_id,
        touch_type,
        channel,
        touched_at,
        touched_on,
        coalesce(is_control, false) as is_control,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
