-- depends_on: {{ ref('stg_exchange_rates') }}

with returns as (
    select * from {{ ref('stg_returns') }}
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
        returns.return_id,
        returns.order_id,
        customer_ids.customer_id,
        returns.source_customer_id,
        returns.product_id,
        returns.store_id,
        returns.channel,
        returns.returned_at,
        returns.returned_on,
        returns.quantity,
        {{ in_retailer_currency(
            'returns.refund_amount', 'returns.currency_code'
        ) }} as refund_amount,
        returns.reason,
        returns.currency_code,
        returns.known_on
    from returns
    left join customer_ids
        on returns.source_customer_id = customer_ids.source_customer_id
    {% if var('converts_currency') -%}
        left join rates
            on {{ rate_holds('returns.currency_code', 'returns.returned_on') }}
    {%- endif %}
    where {{ is_visible('returns.returned_on', 'returns.known_on') }}
)

select * from final
