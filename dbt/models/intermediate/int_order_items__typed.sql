-- depends_on: {{ ref('stg_orders') }}
-- depends_on: {{ ref('stg_exchange_rates') }}

{% set namespaces = var('product_namespaces') -%}
{%- set line_currency =
    'coalesce(order_items.currency_code, orders.currency_code)' -%}

with order_items as (
    select * from {{ ref('stg_order_items') }}
),

products as (
    select * from {{ ref('stg_products') }}
),

{% if var('converts_currency') %}
    orders as (
        select
            order_id,
            ordered_on,
            currency_code
        from {{ ref('stg_orders') }}
    ),

    rates as (
        select * from {{ ref('stg_exchange_rates') }}
    ),

    priced as (
        select
            order_items.* except (
                currency_code, {{ line_amounts() | join(', ') }}
            ),
            {{ or_retailer_currency(line_currency) }} as currency_code,
            {% for amount in line_amounts() -%}
                {{ in_retailer_currency(
                    'order_items.' ~ amount, line_currency
                ) }} as {{ amount }},
            {% endfor -%}
            {{ exchange_rate(line_currency) }} as exchange_rate
        from order_items
        left join orders
            on order_items.order_id = orders.order_id
        left join rates
            on {{ rate_holds(line_currency, 'orders.ordered_on') }}
    ),
{% else %}
    priced as (
        select
            *,
            {{ exchange_rate(line_currency) }} as exchange_rate
        from order_items
    ),
{% endif %}

typed as (
    select
        order_items.*,
        products.department,
        products.category,
        products.known_on as product_known_on,
        case
            -- Where nobody delivers products, none of them is unknown.
            when
                products.product_id is null
                {% if namespaces is not none -%}
                    and coalesce(
                        substring_index(order_items.product_id, ':', 1),
                        order_items.source
                    ) in (
                        {% for namespace in namespaces -%}
                            '{{ namespace }}',
                        {% endfor -%}
                        ''
                    )
                {%- endif %}
                then 'unknown_product'
            else coalesce(products.product_class, 'merchandise')
        end as line_type,
        coalesce(order_items.retail_discount_amount, 0)
        + coalesce(order_items.coupon_discount_amount, 0)
        + coalesce(order_items.coupon_match_discount_amount, 0)
            as line_discount_amount
    from priced as order_items
    left join products
        on order_items.product_id = products.product_id
),

final as (
    select
        order_item_id,
        order_id,
        product_id,
        line_type,
        quantity,
        -- Fuel is measured, not counted, and a coupon line is no good: their
        -- quantities would drown the units bought.
        case when line_type = 'merchandise' then quantity end as unit_count,
        sales_amount,
        coalesce(retail_discount_amount, 0) as retail_discount_amount,
        coalesce(coupon_discount_amount, 0) as coupon_discount_amount,
        coalesce(coupon_match_discount_amount, 0)
            as coupon_match_discount_amount,
        line_discount_amount as discount_amount,
        line_discount_amount > 0 as is_promoted,
        department,
        category,
        currency_code,
        exchange_rate,
        known_on,
        first_known_on,
        product_known_on,
        is_deleted
    from typed
)

select * from final
