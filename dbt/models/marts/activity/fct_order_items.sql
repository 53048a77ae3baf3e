{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_item_id',
    on_schema_change='fail',
    meta={'removed_when': 'ordered_on is null'},
) }}

-- depends_on: {{ ref('stg_orders') }}
-- depends_on: {{ ref('stg_products') }}

{% if is_incremental() -%}
    {%- set known_before = high_water('known_on') -%}
    {%- set ordered_before = high_water('ordered_on') -%}
{%- endif %}

with orders as (
    select * from {{ ref('fct_orders') }}
),

order_items as (
    select * from {{ ref('int_order_items__typed') }}
    where known_on <= {{ business_date() }}
),

{% if is_incremental() %}
    changed_orders as (
        select order_id from orders
        where
            known_on >= {{ known_before }}
            or ordered_on > {{ ordered_before }}
        union distinct
        -- These may have left fct_orders: cancelled, or moved to a later day.
        select order_id from {{ ref('stg_orders') }}
        where known_on >= {{ known_before }}
        union distinct
        select order_id from order_items
        where known_on >= {{ known_before }}
        union distinct
        -- A product that changed its place in the tree changes its lines.
        select before.order_id
        from {{ this }} as before
        inner join {{ ref('stg_products') }} as products
            on before.product_id = products.product_id
        where
            products.known_on >= {{ known_before }}
            and (
                before.line_type
                != coalesce(products.product_class, 'merchandise')
                or not before.department <=> products.department
                or not before.category <=> products.category
            )
    ),
{% endif %}

items_to_build as (
    select order_items.*
    from order_items
    {% if is_incremental() -%}
        left semi join changed_orders
            on order_items.order_id = changed_orders.order_id
    {%- endif %}
),

final as (
    select
        items.order_item_id,
        items.order_id,
        orders.customer_id,
        items.product_id,
        orders.store_id,
        orders.channel,
        orders.ordered_at,
        orders.ordered_on,
        items.line_type,
        items.quantity,
        items.unit_count,
        items.sales_amount,
        items.retail_discount_amount,
        items.coupon_discount_amount,
        items.coupon_match_discount_amount,
        items.discount_amount,
        items.is_promoted,
        items.department,
        items.category,
        coalesce(items.currency_code, orders.currency_code) as currency_code,
        greatest(items.known_on, orders.known_on) as known_on
    from items_to_build as items
    {{ 'left' if is_incremental() else 'inner' }} join orders
        on items.order_id = orders.order_id
)

select * from final
