with customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
),

final as (
    select
        source_customer_id,
        customer_id,
        source,
        substring(source_customer_id, length(source) + 2) as source_key,
        first_known_on
    from customer_ids
    where first_known_on <= {{ business_date() }}
)

select * from final
