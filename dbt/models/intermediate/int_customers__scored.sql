with customers as (
    select * from {{ ref('int_customers__identified') }}
    where is_current
),

-- Former customers are not ranked.
measured as (
    select measured.*
    from {{ ref('int_customers__measured') }} as measured
    left semi join customers
        on measured.customer_id = customers.customer_id
),

rfm_tiers as (
    select * from {{ ref('rfm_tiers') }}
),

-- Fifths of the customers with orders by three columns of the profile, 5 the
-- best. Where nobody has paid anything, there is no money to compare.
fifths as (
    select
        customer_id,
        {{ part_of('recency_days', 5, direction='desc') }} as recency_score,
        {{ part_of('order_count', 5) }} as frequency_score,
        {{ part_of('sales_amount', 5, is_ranked='has_money') }}
            as monetary_score
    from measured
),

staged as (
    select
        {% for days in [30, 90] -%}
            case
                when days_to_second_visit <= {{ days }} then true
                -- Day {{ days }} is over when the business date is.
                when tenure_days >= {{ days }} then false
            end as has_repurchased_within_{{ days }}d,
        {% endfor -%}
        customer_id,
        case
            when recency_days >= {{ var('lifecycle_lost_days') }} then 'lost'
            when recency_days >= {{ var('lifecycle_dormant_days') }}
                then 'dormant'
            when tenure_days < {{ var('lifecycle_new_days') }} then 'new'
            when
                sales_amount_previous_90d > 0
                and sales_amount_90d
                >= {{ var('lifecycle_growing_ratio') }}
                * sales_amount_previous_90d
                -- Half a window is no comparison.
                and tenure_days >= 179
                then 'growing'
            else 'active'
        end as lifecycle_stage
    from measured
),

final as (
    select
        fifths.customer_id,
        fifths.recency_score,
        fifths.frequency_score,
        fifths.monetary_score,
        -- Null without a monetary score, like the sum and the tier.
        concat(
            fifths.recency_score,
            fifths.frequency_score,
            fifths.monetary_score
        ) as rfm_cell,
        fifths.recency_score
        + fifths.frequency_score
        + fifths.monetary_score as rfm_score,
        rfm_tiers.rfm_tier,
        staged.lifecycle_stage,
        staged.has_repurchased_within_30d,
        staged.has_repurchased_within_90d
    from fifths
    inner join staged
        on fifths.customer_id = staged.customer_id
    left join rfm_tiers
        on
            fifths.recency_score
            + fifths.frequency_score
            + fifths.monetary_score
            between rfm_tiers.min_rfm_score and rfm_tiers.max_rfm_score
)

select * from final
