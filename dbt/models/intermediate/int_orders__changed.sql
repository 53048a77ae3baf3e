{{ config(materialized='table') }}

-- depends_on: {{ ref('stg_order_items') }}
-- depends_on: {{ ref('int_orders__identified') }}
-- depends_on: {{ ref('stg_products') }}
-- depends_on: {{ ref('stg_orders') }}
-- depends_on: {{ ref('stg_exchange_rates') }}

{% set orders_before = previous('fct_orders') -%}
{%- set items_before = previous('fct_order_items') -%}

{% if not (orders_before and items_before) %}
-- Facts that are built anew ask nobody what changed.
    with final as (
        select
            cast(null as string) as order_id,
            cast(null as date) as counted_from
        where false
    )
{% else %}
    {%- set facts = [orders_before, items_before] -%}
    {%- set known_before = high_water(facts, 'known_on') -%}
    {%- set ordered_before = high_water(facts, 'ordered_on') %}

    with changed_items as (
        select
            order_item_id,
            order_id
        from {{ ref('stg_order_items') }}
        where
            known_on >= {{ known_before }}
            and known_on <= {{ business_date() }}
    ),

    -- Products whose place in the tree is not what it was.
    changed_products as (
        select
            products.product_id,
            products.department,
            products.category,
            coalesce(products.product_class, 'merchandise') as line_type
        from {{ ref('stg_products') }} as products
        where products.known_on >= {{ known_before }}
    ),

    {% if var('converts_currency') %}
        rates as (
            select * from {{ ref('stg_exchange_rates') }}
        ),

        converted as (
            select
                order_id,
                ordered_on,
                currency_code,
                exchange_rate
            from {{ items_before }}
            union all
            select
                order_id,
                ordered_on,
                currency_code,
                exchange_rate
            from {{ orders_before }}
            where order_type = 'no_lines'
        ),
    {% endif %}

    changed_orders as (
        select order_id from changed_items
        union distinct
        -- Known anew, or known before and only now in the past.
        select order_id from {{ ref('int_orders__identified') }}
        where
            known_on >= {{ known_before }}
            or ordered_on > {{ ordered_before }}
        {% if var('converts_currency') -%}
            union distinct
            -- Converted with a rate that was told, corrected or deleted since.
            select converted.order_id
            from converted
            left join rates
                on {{ rate_holds(
                    'converted.currency_code', 'converted.ordered_on'
                ) }}
            where
                not {{ exchange_rate('converted.currency_code') }}
                <=> converted.exchange_rate
        {%- endif %}
        union distinct
        -- A corrected line also changes the order that it was in.
        select before.order_id
        from {{ items_before }} as before
        left semi join changed_items
            on before.order_item_id = changed_items.order_item_id
        union distinct
        select before.order_id
        from {{ items_before }} as before
        inner join changed_products
            on before.product_id = changed_products.product_id
        where
            before.line_type != changed_products.line_type
            or not before.department <=> changed_products.department
            or not before.category <=> changed_products.category
    ),

    -- The days under which the facts have them. Both facts are asked, because a
    -- killed run may have left one newer than the other.
    counted as (
        select
            order_id,
            ordered_on
        from {{ orders_before }}
        union all
        select
            order_id,
            ordered_on
        from {{ items_before }}
    ),

    found as (
        select
            order_id,
            cast(null as date) as ordered_on
        from changed_orders
        union all
        select
            counted.order_id,
            counted.ordered_on
        from counted
        left semi join changed_orders
            on counted.order_id = changed_orders.order_id
    ),

    final as (
        select
            order_id,
            min(ordered_on) as counted_from
        from found
        group by order_id
    )
{% endif %}

select * from final
