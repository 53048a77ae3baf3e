{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_item_id',
    on_schema_change='fail',
    meta={
        'removed_when': 'ordered_on is null',
        'changes': 'int_orders__changed',
        'pruned_by': 'ordered_on',
    },
) }}

-- depends_on: {{ ref('int_orders__changed') }}

with orders as (
    select * from {{ ref('fct_orders') }}
),

order_items as (
    select * from {{ ref('int_order_items__typed') }}
    where known_on <= {{ business_date() }}
),

items_to_build as (
    select order_items.*
    from order_items
    {% if is_incremental() -%}
        left semi join {{ ref('int_orders__changed') }} as changed
            on order_items.order_id = changed.order_id
        union all
        -- A line that a later delivery retired is empty: it names no order.
        select order_items.*
        from order_items
        left semi join {{ this }} as before
            on order_items.order_item_id = before.order_item_id
        where
            order_items.is_deleted
            and order_items.order_id is null
    {%- endif %}
),

-- Files by day: a night that changes few days reads and rewrites few files.
final as (
    select {{ by_day('ordered_on', 16) if not is_incremental() }}
        items.order_item_id,
        items.order_id,
        orders.customer_id,
        items.product_id,
        orders.store_id,
        orders.channel,
        orders.ordered_at,
        -- No day marks a line that is not there any more.
        if(items.is_deleted, null, orders.ordered_on) as ordered_on,
        items.line_type,
        items.quantity,
        items.unit_count,
        {% for amount in line_amounts() + ['discount_amount'] -%}
            cast(items.{{ amount }} as decimal(22, 6)) as {{ amount }},
        {% endfor -%}
        items.is_promoted,
        items.department,
        items.category,
        coalesce(items.currency_code, orders.currency_code) as currency_code,
        items.exchange_rate,
        greatest(items.known_on, orders.known_on) as known_on,
        greatest(items.first_known_on, orders.first_known_on) as first_known_on
    from items_to_build as items
    {{ 'left' if is_incremental() else 'inner' }} join orders
        on items.order_id = orders.order_id
    {% if not is_incremental() -%}
        where items.is_deleted is not true
    {%- endif %}
)

select * from final
