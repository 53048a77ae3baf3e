with source_rows as (
    select * from {{ source('silver', 'coupon_redemptions') }}
),

final as (
    select
        coupon_redemption_id,
        coupon_id,
        campaign_id,
        source_customer_id,
        order_id,
        redeemed_at,
        redeemed_on,
        _source as source,
        _known_on as known_on
    from source_rows
    where _is_deleted is not true
)

select * from final
