with predictions as (
    select * from {{ ref('stg_predictions') }}
    where as_of_on = {{ business_date() }}
),

final as (
    select
        {% for prediction in ['churn', 'propensity', 'clv'] -%}
            max(score) filter (where prediction = '{{ prediction }}')
                as {{ prediction }}_score,
            max(score_decile) filter (where prediction = '{{ prediction }}')
                as {{ prediction }}_decile,
            max(model_version) filter (where prediction = '{{ prediction }}')
                as {{ prediction }}_model_version,
        {% endfor -%}
        customer_id
    from predictions
    group by customer_id
)

select * from final
