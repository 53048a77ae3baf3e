with customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
    where first_known_on <= {{ business_date() }}
),

source_customers as (
    select * from {{ ref('int_customers__corrected') }}
),

-- Records that the source deleted or merged into another one.
retired as (
    select source_customer_id
    from source_customers
    where is_deleted or merged_into_customer_id != source_customer_id
),

-- The attributes of deleted records are not used.
rows_per_customer as (
    select
        customer_ids.customer_id,
        customer_ids.source_customer_id,
        customer_ids.first_known_on,
        retired.source_customer_id is null as is_current,
        source_customers.* except (source_customer_id)
    from customer_ids
    left join source_customers
        on
            customer_ids.source_customer_id
            = source_customers.source_customer_id
            and not source_customers.is_deleted
    left join retired
        on customer_ids.source_customer_id = retired.source_customer_id
),

merged as (
    select
        customer_id,
        min(first_known_on) as first_known_on,
        cast(count(*) as int) as source_id_count,
        bool_or(is_current) as is_current,
        min(registered_on) as registered_on,
        {% for column in demographics() + ['region', 'source_tier'] -%}
            {{ latest(column) }},
        {% endfor -%}
        count_if(
            not (
                true
                {% for column in demographics() -%}
                    and {{ column }} is null
                {% endfor -%}
            )
        ) > 0 as has_demographics,
        count(email_token) > 0 as has_email,
        count(phone_token) > 0 as has_phone
    from rows_per_customer
    group by customer_id
),

final as (
    select
        * except (age_band),
        coalesce(age_band, {{ age_band('birth_year') }}) as age_band
    from merged
)

select * from final
