{%- set metrics = {
    'order_count': 'sum(order_count)',
    'customer_count': 'count(if(is_current, customer_id, null))',
    'new_customer_count': 'count_if(is_first_day)',
    'guest_order_count': 'sum(if(customer_id is null, order_count, 0))',
    'sales_amount': 'sum(sales_amount)',
    'basket_amount': 'sum(sales_amount) / sum(order_count)',
    'unit_count': 'sum(unit_count)',
    'discount_share':
        'sum(discount_amount)
         / nullif(sum(sales_amount + discount_amount), 0)',
    'promoted_sales_share':
        'sum(promoted_sales_amount) / nullif(sum(sales_amount), 0)',
    'coupon_discount_amount': 'sum(coupon_discount_amount)',
} -%}

with orders as (
    select * from {{ ref('fct_orders') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

stores as (
    select * from {{ ref('dim_stores') }}
),

described as (
    select
        orders.*,
        -- Orders of former customers are sales, but count no customer.
        coalesce(customers.is_current, true) as is_current,
        coalesce(
            orders.ordered_on = customers.first_ordered_on
            and customers.is_current,
            false
        ) as is_first_day,
        coalesce(stores.region, customers.region, 'unknown') as region,
        case
            when orders.customer_id is null then 'guest'
            else coalesce(customers.rfm_tier, 'unknown')
        end as tier,
        coalesce(orders.channel, 'unknown') as sales_channel
    from orders
    left join customers
        on orders.customer_id = customers.customer_id
    left join stores
        on orders.store_id = stores.store_id
),

-- Each order counts once in every dimension.
sliced as (
    select
        *,
        stack(
            4,
            'all', 'all',
            'region', region,
            'tier', tier,
            'channel', sales_channel
        ) as (dimension, dimension_value)
    from described
),

-- First to the customer (guests together), so that counting them is cheap.
per_customer as (
    select
        ordered_on,
        dimension,
        dimension_value,
        customer_id,
        is_current,
        is_first_day,
        count(*) as order_count,
        {% for measure in [
            'sales_amount', 'unit_count', 'discount_amount',
            'promoted_sales_amount',
        ] -%}
            sum({{ measure }}) as {{ measure }},
        {% endfor -%}
        sum(coupon_discount_amount) as coupon_discount_amount
    from sliced
    group by
        ordered_on, dimension, dimension_value, customer_id, is_current,
        is_first_day
),

aggregated as (
    select
        {% for metric, expression in metrics.items() -%}
            cast({{ expression }} as decimal(20, 4)) as {{ metric }},
        {% endfor -%}
        ordered_on,
        dimension,
        dimension_value
    from per_customer
    group by ordered_on, dimension, dimension_value
),

final as (
    select
        ordered_on as metric_on,
        dimension,
        dimension_value,
        stack(
            {{ metrics | length }},
            {% for metric in metrics -%}
                '{{ metric }}', {{ metric }}
                {{- ',' if not loop.last }}
            {% endfor %}
        ) as (metric_id, metric_value)
    from aggregated
)

select * from final
