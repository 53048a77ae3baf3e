{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    on_schema_change='fail',
    meta={
        'removed_when': 'ordered_on is null',
        'changes': 'int_orders__changed',
        'pruned_by': 'ordered_on',
    },
) }}

-- depends_on: {{ ref('int_orders__changed') }}

with orders as (
    select * from {{ ref('int_orders__identified') }}
),

order_items as (
    select * from {{ ref('int_order_items__typed') }}
    where known_on <= {{ business_date() }}
),

orders_to_build as (
    select
        orders.*,
        orders.is_purchase
        and {{ is_visible('orders.ordered_on', 'orders.known_on') }}
            as is_counted
    from orders
    {% if is_incremental() -%}
        left semi join {{ ref('int_orders__changed') }} as changed
            on orders.order_id = changed.order_id
    {%- endif %}
),

items_to_sum as (
    select order_items.*
    from order_items
    {% if is_incremental() -%}
        left semi join {{ ref('int_orders__changed') }} as changed
            on order_items.order_id = changed.order_id
    {%- endif %}
    where order_items.is_deleted is not true
),

sums as (
    select
        order_id,
        count(*) as line_count,
        count(distinct product_id) as product_count,
        sum(unit_count) as unit_count,
        sum(sales_amount) as sales_amount,
        count_if(sales_amount is null) > 0 as lacks_amounts,
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

-- Files by day: a night that changes few days reads and rewrites few files.
final as (
    select {{ by_day('ordered_on', 8) if not is_incremental() }}
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
        -- The lines are the truth; the header's amount only without any. Null
        -- when a rate is missing: no amount counts unconverted, or as zero.
        cast(
            case
                when sums.lacks_amounts then null
                when sums.order_id is not null then sums.sales_amount
                when orders.exchange_rate is null then orders.order_amount
                else coalesce(orders.order_amount, 0)
            end as decimal(18, 2)
        ) as sales_amount,
        {% for amount in [
            'merchandise_amount', 'fuel_amount', 'discount_amount',
            'coupon_discount_amount', 'promoted_sales_amount',
        ] -%}
            cast(
                if(sums.lacks_amounts, null, coalesce(sums.{{ amount }}, 0))
                as decimal(18, 2)
            ) as {{ amount }},
        {% endfor -%}
        coalesce(orders.currency_code, sums.currency_code) as currency_code,
        -- Lines say theirs.
        if(sums.order_id is null, orders.exchange_rate, null) as exchange_rate,
        greatest(orders.known_on, sums.known_on) as known_on,
        orders.first_known_on
    from orders_to_build as orders
    left join sums
        on orders.order_id = sums.order_id
    {% if not is_incremental() -%}
        where orders.is_counted
    {%- endif %}
)

select * from final
