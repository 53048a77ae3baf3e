{#- Attributes that rules of tags and segments may name. A rule holds when its
    attribute is at least / at most its bounds (numbers, and flags as 0 or 1)
    or one of its words (text). An attribute without a value matches nothing. -#}
{% macro numeric_attributes() -%}
    {{ return([
        'has_demographics', 'has_email', 'has_phone', 'birth_year',
        'order_count', 'order_count_30d', 'order_count_90d',
        'order_count_365d', 'visit_count_30d', 'visit_count_90d',
        'visit_count_365d', 'sales_amount', 'sales_amount_30d',
        'sales_amount_90d', 'sales_amount_365d', 'basket_amount',
        'unit_count', 'discount_share', 'promoted_sales_share',
        'coupon_discount_amount', 'coupon_redemption_count', 'fuel_amount',
        'days_between_visits', 'recency_days', 'tenure_days',
        'preferred_weekday', 'recency_score', 'frequency_score',
        'monetary_score', 'rfm_score', 'has_repurchased_within_30d',
        'has_repurchased_within_90d', 'churn_score', 'churn_decile',
        'churn_risk_decile',
        'propensity_score', 'propensity_decile', 'clv_amount', 'clv_decile',
        'lifetime_value_amount',
    ]) }}
{%- endmacro %}


{% macro text_attributes() -%}
    {{ return([
        'gender', 'age_band', 'income_band', 'home_ownership',
        'marital_status', 'household_size', 'household_composition',
        'kids_count', 'region', 'source_tier', 'preferred_store_id',
        'preferred_channel', 'preferred_day_part', 'preferred_department',
        'rfm_cell', 'rfm_tier', 'lifecycle_stage',
    ]) }}
{%- endmacro %}


{#- Every customer beside every rule, with what the rule's attribute is for
    them. `tag` is the one attribute with several values at once; only
    segments, whose customers have `tag_ids`, may use it. -#}
{% macro rules_evaluated(customers, rules, with_tags=false) -%}
    select
        customers.customer_id,
        rules.*,
        case rules.attribute
            {% for attribute in numeric_attributes() -%}
                when '{{ attribute }}'
                    then cast(customers.{{ attribute }} as double)
            {% endfor %}
        end as number_found,
        case rules.attribute
            {% for attribute in text_attributes() -%}
                when '{{ attribute }}' then customers.{{ attribute }}
            {% endfor -%}
            {% if with_tags -%}
                when 'tag' then array_join(
                    array_intersect(
                        customers.tag_ids, split(rules.one_of, '[|]')
                    ), '|'
                )
            {% endif %}
        end as text_found
    from {{ customers }} as customers
    cross join {{ rules }} as rules
{%- endmacro %}


{% macro rule_holds() -%}
    (at_least is null or number_found >= at_least)
    and (at_most is null or number_found <= at_most)
    and (
        one_of = 'any'
        or (attribute = 'tag' and text_found != '')
        or array_contains(split(one_of, '[|]'), text_found)
    )
    and coalesce(text_found, cast(number_found as string)) is not null
{%- endmacro %}


{#- Why a rule holds, in words: attribute=value. -#}
{% macro evidence() -%}
    array_join(
        array_sort(
            collect_list(
                concat(
                    attribute, '=',
                    coalesce(text_found, cast(round(number_found, 4) as string))
                )
            )
        ), '; '
    )
{%- endmacro %}
