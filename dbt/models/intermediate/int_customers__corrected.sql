{%- set fields = demographics() + ['region', 'email_token', 'phone_token'] -%}

with source_customers as (
    select * from {{ ref('stg_customers') }}
    where known_on <= {{ business_date() }}
),

-- The last correction of a field by the business date holds.
corrections as (
    select
        source_customer_id,
        {% for field in fields -%}
            max_by(value, struct(known_on, request_id))
            filter (where field = '{{ field }}') as {{ field }},
            count_if(field = '{{ field }}') > 0 as has_{{ field }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_customer_corrections') }}
    where known_on <= {{ business_date() }}
    group by source_customer_id
),

-- What a person says of themselves goes over what a source says.
final as (
    select
        source_customers.* except ({{ fields | join(', ') }}),
        {% for field in fields -%}
            if(
                corrections.has_{{ field }},
                {% if field == 'birth_year' -%}
                    cast(corrections.birth_year as int),
                {%- else -%}
                    corrections.{{ field }},
                {%- endif %}
                source_customers.{{ field }}
            ) as {{ field }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from source_customers
    left join corrections
        on
            source_customers.source_customer_id
            = corrections.source_customer_id
)

select * from final
