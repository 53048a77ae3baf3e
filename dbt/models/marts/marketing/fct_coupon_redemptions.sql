with redemptions as (
    select * from {{ ref('stg_coupon_redemptions') }}
),

campaigns as (
    select * from {{ ref('stg_campaigns') }}
),

customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
),

final as (
    select
        redemptions.coupon_redemption_id,
        redemptions.coupon_id,
        redemptions.campaign_id,
        campaigns.campaign_type,
        customer_ids.customer_id,
        redemptions.source_customer_id,
        redemptions.order_id,
        redemptions.redeemed_at,
        redemptions.redeemed_on,
        redemptions.known_on
    from redemptions
    left join campaigns
        on redemptions.campaign_id = campaigns.campaign_id
    left join customer_ids
        on redemptions.source_customer_id = customer_ids.source_customer_id
    where {{ is_visible('redemptions.redeemed_on', 'redemptions.known_on') }}
)

select * from final
