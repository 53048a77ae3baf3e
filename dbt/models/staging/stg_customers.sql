with source_rows as (
    select * from {{ source('silver', 'customers') }}
),

final as (
    select
        source_customer_id,
        registered_on,
        gender,
        birth_year,
        age_band,
        income_band,
        home_ownership,
        marital_status,
        household_size,
        household_composition,
        kids_count,
        region,
        source_tier,
        email_token,
        phone_token,
        merged_into_customer_id,
        _is_deleted is true as is_deleted,
        _source as source,
        _known_on as known_on
    from source_rows
)

select * from final
