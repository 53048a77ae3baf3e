with source_rows as (
    select * from {{ source('silver', 'promotions') }}
),

final as (
    select
        promotion_id,
        product_id,
        store_id,
        week_number,
        display_location,
        mailer_location,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
