with stores as (
    select * from {{ ref('stg_stores') }}
),

final as (
    select
        store_id,
        store_name,
        region,
        city,
        latitude,
        longitude,
        known_on
    from stores
    where known_on <= {{ business_date() }}
)

select * from final
