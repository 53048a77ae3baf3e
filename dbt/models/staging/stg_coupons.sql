with source_rows as (
    select * from {{ source('silver', 'coupons') }}
),

final as (
    select
        coupon_offer_id,
        coupon_id,
        campaign_id,
        product_id,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
