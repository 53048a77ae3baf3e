with source_rows as (
    select * from {{ source('silver', 'returns') }}
),

final as (
    select
        return_id,
        order_id,
        source_customer_id,
        product_id,
        store_id,
        channel,
        returned_at,
        returned_on,
        quantity,
        refund_amount,
        reason,
        {{ currency_code() }} as currency_code,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
