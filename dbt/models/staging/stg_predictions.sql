with churn as (
    select * from {{ source('predictions', 'churn') }}
),

propensity as (
    select * from {{ source('predictions', 'propensity') }}
),

clv as (
    select * from {{ source('predictions', 'clv') }}
),

final as (
    {% for model in ['churn', 'propensity', 'clv'] -%}
        select
            '{{ model }}' as prediction,
            as_of_on,
            customer_id,
            score,
            score_decile,
            model_name,
            model_version
        from {{ model }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
