with source_rows as (
    select * from {{ source('silver', 'order_items') }}
),

final as (
    select
        order_item_id,
        order_id,
        product_id,
        quantity,
        sales_amount,
        retail_discount_amount,
        coupon_discount_amount,
        coupon_match_discount_amount,
        {{ currency_code() }} as currency_code,
        _source as source,
        _known_on as known_on,
        _first_known_on as first_known_on,
        coalesce(_is_deleted, false) as is_deleted
    from source_rows
)

select * from final
