-- depends_on: {{ ref('stg_exchange_rates') }}

with returns as (
    select * from {{ ref('stg_returns') }}
),

{% if var('converts_currency') %}
    rates as (
        select * from {{ ref('stg_exchange_rates') }}
    ),
{% endif %}

-- The header of a return may be an order of status return: it says what the
-- lines do not.
headers as (
    select * from {{ ref('stg_orders') }}
    where known_on <= {{ business_date() }}
),

dated as (
    select
        returns.* except (
            source_customer_id, store_id, channel, returned_at, returned_on,
            currency_code, known_on
        ),
        coalesce(returns.source_customer_id, headers.source_customer_id)
            as source_customer_id,
        coalesce(returns.store_id, headers.store_id) as store_id,
        coalesce(returns.channel, headers.channel) as channel,
        if(
            returns.returned_on is null, headers.ordered_at, returns.returned_at
        ) as returned_at,
        coalesce(returns.returned_on, headers.ordered_on) as returned_on,
        coalesce(
            returns.currency_code,
            headers.currency_code,
            {{ currency_of_source('returns.source') }}
        ) as currency_code,
        greatest(
            returns.known_on,
            if(returns.returned_on is null, headers.known_on, null)
        ) as known_on
    from returns
    left join headers
        on returns.order_id = headers.order_id
),

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
        cast(
            {{ in_retailer_currency(
                'returns.refund_amount', 'returns.currency_code'
            ) }} as decimal(22, 6)
        ) as refund_amount,
        returns.reason,
        returns.currency_code,
        {{ exchange_rate('returns.currency_code') }} as exchange_rate,
        returns.known_on
    from dated as returns
    left join customer_ids
        on returns.source_customer_id = customer_ids.source_customer_id
    {% if var('converts_currency') -%}
        left join rates
            on {{ rate_holds('returns.currency_code', 'returns.returned_on') }}
    {%- endif %}
    where {{ is_visible('returns.returned_on', 'returns.known_on') }}
)

select * from final
