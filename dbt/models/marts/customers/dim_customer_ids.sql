with customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
),

final as (
    select
        source_customer_id,
        customer_id,
        source,
        first_known_on
    from customer_ids
    where first_known_on <= {{ business_date() }}
)

select * from final
