with profiles as (
    select * from {{ ref('int_customers__profiled') }}
),

tags as (
    select
        customer_id,
        array_sort(collect_list(tag_id)) as tag_ids
    from {{ ref('fct_customer_tags') }}
    group by customer_id
),

-- No answer means no consent. Former customers are not approached.
consented as (
    select
        profiles.customer_id,
        coalesce(consents.consents, cast(array() as array<string>))
            as consents,
        coalesce(consents.marketing_channels, cast(array() as array<string>))
            as marketing_channels
    from profiles
    left join {{ ref('int_customers__consented') }} as consents
        on
            profiles.customer_id = consents.customer_id
            and profiles.is_current
),

final as (
    select
        {{ business_date() }} as as_of_on,
        profiles.customer_id,

        -- base
        profiles.first_known_on,
        profiles.source_id_count,
        profiles.is_current,
        profiles.registered_on,
        {% for column in demographics() -%}
            profiles.{{ column }},
        {% endfor -%}
        profiles.region,
        profiles.source_tier,
        profiles.has_demographics,
        profiles.has_email,
        profiles.has_phone,

        -- behaviour
        profiles.order_count_30d,
        profiles.order_count_90d,
        profiles.order_count_365d,
        profiles.visit_count_30d,
        profiles.visit_count_90d,
        profiles.visit_count_365d,
        profiles.days_between_visits,
        profiles.preferred_store_id,
        profiles.preferred_channel,
        profiles.preferred_weekday,
        profiles.preferred_day_part,
        profiles.preferred_department,
        profiles.preferred_departments,

        -- trade
        profiles.first_ordered_on,
        profiles.last_ordered_on,
        profiles.tenure_days,
        profiles.order_count,
        profiles.sales_amount,
        profiles.sales_amount_30d,
        profiles.sales_amount_90d,
        profiles.sales_amount_previous_90d,
        profiles.sales_amount_365d,
        profiles.basket_amount,
        profiles.unit_count,
        profiles.discount_amount,
        profiles.discount_share,
        profiles.promoted_sales_share,
        profiles.coupon_discount_amount,
        profiles.coupon_redemption_count,
        profiles.fuel_amount,
        profiles.return_count,
        profiles.refund_amount,
        profiles.net_sales_amount,

        -- value
        profiles.recency_days,
        profiles.recency_score,
        profiles.frequency_score,
        profiles.monetary_score,
        profiles.rfm_cell,
        profiles.rfm_score,
        profiles.rfm_tier,
        profiles.lifetime_value_amount,

        -- lifecycle
        profiles.lifecycle_stage,
        profiles.has_repurchased_within_30d,
        profiles.has_repurchased_within_90d,

        -- scores
        profiles.churn_score,
        profiles.churn_decile,
        profiles.churn_risk_decile,
        profiles.churn_model_version,
        profiles.propensity_score,
        profiles.propensity_decile,
        profiles.propensity_model_version,
        profiles.clv_amount,
        profiles.clv_decile,
        profiles.clv_model_version,

        -- tags
        coalesce(tags.tag_ids, cast(array() as array<string>)) as tag_ids,

        -- consent
        {% for purpose in consent_purposes() -%}
            {{ has_consent(purpose, customers='consented') }}
                as consents_to_{{ purpose }},
        {% endfor -%}
        consented.marketing_channels,
        consented.consents,
        {{ has_consent('profiling', customers='consented') }}
        and {{ has_consent('automated_decision', customers='consented') }}
            as is_personalised
    from profiles
    inner join consented
        on profiles.customer_id = consented.customer_id
    left join tags
        on profiles.customer_id = tags.customer_id
)

select * from final
