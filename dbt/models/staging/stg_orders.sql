with source_rows as (
    select * from {{ source('silver', 'orders') }}
),

final as (
    select
        order_id,
        source_customer_id,
        store_id,
        channel,
        ordered_at,
        ordered_on,
        status,
        order_amount,
        coalesce({{ currency_code() }}, {{ currency_of_source('_source') }})
            as currency_code,
        _source as source,
        _known_on as known_on,
        _first_known_on as first_known_on,
        coalesce(_is_deleted, false) as is_deleted
    from source_rows
)

select * from final
