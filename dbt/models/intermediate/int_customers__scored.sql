with measured as (
    select * from {{ ref('int_customers__measured') }}
),

rfm_tiers as (
    select * from {{ ref('rfm_tiers') }}
),

-- Fifths of the customers with orders, 5 the best. Ties are broken all the way
-- down to the id, so that anybody can compute the same scores again.
quintiles as (
    select
        customer_id,
        ntile(5) over (order by last_ordered_at, customer_id)
            as recency_score,
        ntile(5) over (order by order_count, sales_amount, customer_id)
            as frequency_score,
        ntile(5) over (order by sales_amount, order_count, customer_id)
            as monetary_score
    from measured
),

staged as (
    select
        {% for days in [30, 90] -%}
            case
                when days_to_second_visit <= {{ days }} then true
                when tenure_days > {{ days }} then false
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
        quintiles.customer_id,
        quintiles.recency_score,
        quintiles.frequency_score,
        quintiles.monetary_score,
        concat(
            quintiles.recency_score,
            quintiles.frequency_score,
            quintiles.monetary_score
        ) as rfm_cell,
        quintiles.recency_score
        + quintiles.frequency_score
        + quintiles.monetary_score as rfm_score,
        rfm_tiers.rfm_tier,
        staged.lifecycle_stage,
        staged.has_repurchased_within_30d,
        staged.has_repurchased_within_90d
    from quintiles
    inner join staged
        on quintiles.customer_id = staged.customer_id
    left join rfm_tiers
        on
            quintiles.recency_score
            + quintiles.frequency_score
            + quintiles.monetary_score
            between rfm_tiers.min_rfm_score and rfm_tiers.max_rfm_score
)

select * from final
