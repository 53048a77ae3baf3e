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
        _source as source,
        _known_on as known_on
    from source_rows
    where
        _is_deleted is not true
        -- Who is held out for comparison was not contacted.
        and is_control is not true
)

select * from final
