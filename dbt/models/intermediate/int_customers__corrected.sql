{%- set fields = demographics() + ['region', 'email_token', 'phone_token'] -%}

with source_customers as (
    select * from {{ ref('stg_customers') }}
    where known_on <= {{ business_date() }}
),

-- The last correction of a field by the business date holds.
corrections as (
    select
        {% for field in fields -%}
            {{ last_correction(field) }},
        {% endfor -%}
        source_customer_id
    from {{ ref('stg_customer_corrections') }}
    where known_on <= {{ business_date() }}
    group by source_customer_id
),

-- What a person says of themselves goes over what a source says.
final as (
    select
        {% for field in fields -%}
            {{ corrected(field) }},
        {% endfor -%}
        source_customers.* except ({{ fields | join(', ') }})
    from source_customers
    left join corrections
        on
            source_customers.source_customer_id
            = corrections.source_customer_id
)

select * from final
