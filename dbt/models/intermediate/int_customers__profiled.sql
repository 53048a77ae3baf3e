{{ config(materialized='table') }}

with customers as (
    select * from {{ ref('int_customers__identified') }}
),

measured as (
    select * from {{ ref('int_customers__measured') }}
),

preferred as (
    select * from {{ ref('int_customers__preferred') }}
),

scored as (
    select * from {{ ref('int_customers__scored') }}
),

predictions as (
    select * from {{ ref('int_predictions__pivoted') }}
),

returns as (
    select
        customer_id,
        count(*) as return_count,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_returns') }}
    where customer_id is not null
    group by customer_id
),

-- Among those who still buy, tenths by the risk that they stop: over all
-- customers, the first tenth would be full of those who stopped long ago.
at_risk as (
    select
        scored.customer_id,
        {{ part_of('predictions.churn_score', 10, direction='desc') }}
            as churn_risk_decile
    from scored
    inner join predictions
        on scored.customer_id = predictions.customer_id
    where
        scored.lifecycle_stage in ('new', 'active', 'growing')
        and predictions.churn_score is not null
),

final as (
    select
        customers.*,

        preferred.* except (customer_id),

        measured.first_ordered_on,
        measured.last_ordered_on,
        measured.recency_days,
        measured.tenure_days,
        measured.days_between_visits,
        measured.basket_amount,
        measured.discount_share,
        measured.promoted_sales_share,
        {% for measure in [
            'order_count', 'order_count_30d', 'order_count_90d',
            'order_count_365d', 'visit_count_30d', 'visit_count_90d',
            'visit_count_365d', 'sales_amount', 'sales_amount_30d',
            'sales_amount_90d', 'sales_amount_previous_90d',
            'sales_amount_365d', 'unit_count', 'discount_amount',
            'coupon_discount_amount', 'coupon_redemption_count',
            'fuel_amount',
        ] -%}
            coalesce(measured.{{ measure }}, 0) as {{ measure }},
        {% endfor %}
        cast(coalesce(returns.return_count, 0) as int) as return_count,
        cast(coalesce(returns.refund_amount, 0) as decimal(18, 2))
            as refund_amount,
        cast(
            coalesce(measured.sales_amount, 0)
            - coalesce(returns.refund_amount, 0) as decimal(18, 2)
        ) as net_sales_amount,
        scored.* except (customer_id, lifecycle_stage),
        case
            when not customers.is_current then 'former'
            else coalesce(scored.lifecycle_stage, 'prospect')
        end as lifecycle_stage,

        predictions.churn_score,
        predictions.churn_decile,
        at_risk.churn_risk_decile,
        predictions.churn_model_version,
        predictions.propensity_score,
        predictions.propensity_decile,
        predictions.propensity_model_version,
        cast(predictions.clv_score as decimal(18, 2)) as clv_amount,
        predictions.clv_decile,
        predictions.clv_model_version,
        cast(
            coalesce(measured.sales_amount, 0)
            + coalesce(predictions.clv_score, 0) as decimal(18, 2)
        ) as lifetime_value_amount
    from customers
    left join measured
        on customers.customer_id = measured.customer_id
    left join returns
        on customers.customer_id = returns.customer_id
    left join preferred
        on customers.customer_id = preferred.customer_id
    left join scored
        on customers.customer_id = scored.customer_id
    left join predictions
        on
            customers.customer_id = predictions.customer_id
            and customers.is_current
    left join at_risk
        on customers.customer_id = at_risk.customer_id
    -- A former customer without orders has no profile.
    where customers.is_current or measured.customer_id is not null
)

select * from final
