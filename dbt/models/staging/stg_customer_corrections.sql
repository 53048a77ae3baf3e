with source_rows as (
    select * from {{ source('ops', 'customer_corrections') }}
),

final as (
    select
        source_customer_id,
        field,
        value,
        known_on,
        request_id
    from source_rows
)

select * from final
