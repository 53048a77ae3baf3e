with source_rows as (
    select * from {{ source('identity', 'customer_ids') }}
),

final as (
    select
        source_customer_id,
        id_namespace as source,
        customer_id,
        first_known_on
    from source_rows
)

select * from final
