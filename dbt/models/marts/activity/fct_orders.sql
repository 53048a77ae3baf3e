{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    on_schema_change='fail',
    meta={'removed_when': 'ordered_on is null'},
) }}

-- depends_on: {{ ref('stg_products') }}

{% if is_incremental() -%}
    {%- set known_before = high_water('known_on') -%}
    {%- set ordered_before = high_water('ordered_on') -%}
    {%- set items_before = previous('fct_order_items') -%}
{%- endif %}

with orders as (
    select * from {{ ref('int_orders__identified') }}
),

order_items as (
    select * from {{ ref('int_order_items__typed') }}
    where known_on <= {{ business_date() }}
),

{% if is_incremental() %}
    changed_items as (
        select
            order_item_id,
            order_id
        from order_items
        where known_on >= {{ known_before }}
    ),

    changed_orders as (
        select order_id from changed_items
        union distinct
        select order_id from orders
        where
            known_on >= {{ known_before }}  -- noqa: LT02
            or ordered_on > {{ ordered_before }}
        {% if items_before -%}
            -- A corrected line also changes the order it was in before.
            union distinct
            select before.order_id
            from {{ items_before }} as before
            inner join changed_items
                on before.order_item_id = changed_items.order_item_id
            where before.order_id != changed_items.order_id
            union distinct
            -- A product that changed its class changes the orders it is in.
            select before.order_id
            from {{ items_before }} as before
            inner join {{ ref('stg_products') }} as products
                on before.product_id = products.product_id
            where
                products.known_on >= {{ known_before }}
                and before.line_type
                != coalesce(products.product_class, 'merchandise')
        {%- endif %}
    ),
{% endif %}

orders_to_build as (
    select
        orders.*,
        orders.is_purchase
        and {{ is_visible('orders.ordered_on', 'orders.known_on') }}
            as is_counted
    from orders
    {% if is_incremental() -%}
        left semi join changed_orders
            on orders.order_id = changed_orders.order_id
    {%- endif %}
),

items_to_sum as (
    select order_items.*
    from order_items
    {% if is_incremental() -%}
        left semi join changed_orders
            on order_items.order_id = changed_orders.order_id
    {%- endif %}
),

sums as (
    select
        order_id,
        count(*) as line_count,
        count(distinct product_id) as product_count,
        sum(unit_count) as unit_count,
        sum(sales_amount) as sales_amount,
        sum(if(line_type = 'merchandise', sales_amount, 0))
            as merchandise_amount,
        sum(if(line_type = 'fuel', sales_amount, 0)) as fuel_amount,
        sum(discount_amount) as discount_amount,
        sum(coupon_discount_amount) as coupon_discount_amount,
        sum(if(is_promoted, sales_amount, 0)) as promoted_sales_amount,
        count_if(line_type = 'merchandise') > 0 as has_merchandise,
        count_if(line_type = 'fuel') > 0 as has_fuel,
        max(currency_code) as currency_code,
        max(known_on) as known_on
    from items_to_sum
    group by order_id
),

final as (
    select
        orders.order_id,
        orders.customer_id,
        orders.source_customer_id,
        orders.store_id,
        orders.channel,
        orders.ordered_at,
        -- No day marks an order that is no purchase (any more).
        if(orders.is_counted, orders.ordered_on, null) as ordered_on,
        orders.order_status,
        case
            when sums.order_id is null then 'no_lines'
            when sums.has_merchandise and sums.has_fuel then 'mixed'
            when sums.has_merchandise then 'merchandise'
            when sums.has_fuel then 'fuel'
            else 'other'
        end as order_type,
        cast(coalesce(sums.line_count, 0) as int) as line_count,
        cast(coalesce(sums.product_count, 0) as int) as product_count,
        cast(coalesce(sums.unit_count, 0) as decimal(18, 3)) as unit_count,
        -- The lines are the truth; the header's amount only without any.
        cast(
            coalesce(sums.sales_amount, orders.order_amount, 0)
            as decimal(18, 2)
        ) as sales_amount,
        {% for amount in [
            'merchandise_amount', 'fuel_amount', 'discount_amount',
            'coupon_discount_amount', 'promoted_sales_amount',
        ] -%}
            cast(coalesce(sums.{{ amount }}, 0) as decimal(18, 2))
                as {{ amount }},
        {% endfor -%}
        coalesce(orders.currency_code, sums.currency_code) as currency_code,
        greatest(orders.known_on, sums.known_on) as known_on
    from orders_to_build as orders
    left join sums
        on orders.order_id = sums.order_id
    {% if not is_incremental() -%}
        where orders.is_counted
    {%- endif %}
)

select * from final
