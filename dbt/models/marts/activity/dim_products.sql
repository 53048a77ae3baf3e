with products as (
    select * from {{ ref('stg_products') }}
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
        coalesce(product_class, 'merchandise') as product_class,
        known_on
    from products
    where known_on <= {{ business_date() }}
)

select * from final
