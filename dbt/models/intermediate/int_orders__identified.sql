-- depends_on: {{ ref('stg_exchange_rates') }}

with orders as (
    select * from {{ ref('stg_orders') }}
),

{% if var('converts_currency') %}
    rates as (
        select * from {{ ref('stg_exchange_rates') }}
    ),
{% endif %}

customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
),

final as (
    select
        orders.order_id,
        customer_ids.customer_id,
        orders.source_customer_id,
        orders.store_id,
        orders.channel,
        orders.ordered_at,
        orders.ordered_on,
        orders.status as order_status,
        {{ in_retailer_currency(
            'orders.order_amount', 'orders.currency_code'
        ) }} as order_amount,
        orders.currency_code,
        {{ exchange_rate('orders.currency_code') }} as exchange_rate,
        -- A key that gets its customer later makes its orders news again.
        greatest(orders.known_on, customer_ids.first_known_on) as known_on,
        greatest(orders.first_known_on, customer_ids.first_known_on)
            as first_known_on,
        not coalesce(
            {{ status_word('orders.status') }} in (
                {% for status in var('non_purchase_statuses') -%}
                    '{{ status }}',
                {% endfor -%}
                ''
            ),
            false
        )
        and orders.is_deleted is not true as is_purchase
    from orders
    left join customer_ids
        on orders.source_customer_id = customer_ids.source_customer_id
    {% if var('converts_currency') -%}
        left join rates
            on {{ rate_holds('orders.currency_code', 'orders.ordered_on') }}
    {%- endif %}
)

select * from final
