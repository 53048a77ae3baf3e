with touches as (
    select * from {{ ref('stg_campaign_touches') }}
    where
        -- A source may know who is in a campaign and not on which day.
        {{ is_visible('coalesce(touched_on, known_on)') }}
),

customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
),

campaigns as (
    select * from {{ ref('stg_campaigns') }}
),

redemptions as (
    select
        campaign_id,
        customer_id,
        count(*) as redemption_count,
        min(redeemed_on) as first_redeemed_on
    from {{ ref('fct_coupon_redemptions') }}
    group by campaign_id, customer_id
),

members as (
    select
        touches.campaign_id,
        customer_ids.customer_id,
        -- Whoever got a message is no control, by whatever key.
        bool_and(touches.is_control) as is_control,
        min(touches.touched_on) as selected_on,
        count_if(not touches.is_control) as touch_count,
        min(if(touches.is_control, null, touches.touched_on))
            as first_touched_on,
        max(if(touches.is_control, null, touches.touched_on))
            as last_touched_on,
        min(touches.known_on) as known_on
    from touches
    inner join customer_ids
        on touches.source_customer_id = customer_ids.source_customer_id
    group by touches.campaign_id, customer_ids.customer_id
),

final as (
    select
        members.campaign_id,
        members.customer_id,
        campaigns.campaign_name,
        campaigns.campaign_type,
        campaigns.starts_on,
        campaigns.ends_on,
        coalesce(
            {{ business_date() }}
            between campaigns.starts_on and campaigns.ends_on,
            false
        ) as is_running,
        members.is_control,
        members.selected_on,
        cast(members.touch_count as int) as touch_count,
        members.first_touched_on,
        members.last_touched_on,
        cast(coalesce(redemptions.redemption_count, 0) as int)
            as redemption_count,
        redemptions.first_redeemed_on,
        redemptions.campaign_id is not null as has_redeemed,
        members.known_on
    from members
    left join campaigns
        on members.campaign_id = campaigns.campaign_id
    left join redemptions
        on
            members.campaign_id = redemptions.campaign_id
            and members.customer_id = redemptions.customer_id
)

select * from final
