with source_rows as (
    select * from {{ source('silver', 'products') }}
),

final as (
    select
        product_id,
        product_name,
        brand,
        brand_type,
        manufacturer_id,
        department,
        category,
        subcategory,
        package_size,
        product_class,
        _source as source,
        _known_on as known_on
    from source_rows
)

select * from final
