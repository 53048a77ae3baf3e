with source_rows as (
    select * from {{ source('silver', 'stores') }}
),

final as (
    select
        store_id,
        store_name,
        region,
        city,
        latitude,
        longitude,
        _source as source,
        _known_on as known_on
    from source_rows
)

select * from final
