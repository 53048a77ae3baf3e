-- No amount is published that could not be converted, whatever table it is in.
{% if var('converts_currency') %}
    with unconverted as (
        select
            'gold_build.fct_orders' as found_in,
            'orders without lines' as what,
            orders.currency_code,
            orders.ordered_on as happened_on
        from {{ ref('fct_orders') }} as orders
        inner join {{ ref('stg_orders') }} as told
            on orders.order_id = told.order_id
        where
            orders.order_type = 'no_lines'
            and orders.exchange_rate is null
            and told.order_amount is not null
        union all
        select
            'gold_build.fct_order_items' as found_in,
            'lines' as what,
            currency_code,
            ordered_on as happened_on
        from {{ ref('fct_order_items') }}
        where exchange_rate is null
        union all
        select
            'gold_build.fct_returns' as found_in,
            'returns' as what,
            returns.currency_code,
            returns.returned_on as happened_on
        from {{ ref('fct_returns') }} as returns
        inner join {{ ref('stg_returns') }} as told
            on returns.return_id = told.return_id
        where
            returns.exchange_rate is null
            and told.refund_amount is not null
    ),

    -- A source may deliver anything as a code: only codes are repeated.
    named as (
        select
            *,
            if(
                currency_code rlike '^[A-Z]{3}$', currency_code,
                'a currency that is no ISO 4217 code'
            ) as currency
        from unconverted
    )

    select
        found_in,
        concat(
            count(*), ' ', what, ' in ', currency, ', ', min(happened_on),
            ' to ', max(happened_on), ', have no exchange rate'
        ) as problem,
        concat(
            'deliver a rate for ', currency, ' on or before ',
            min(happened_on), ' into exchange_rates, or correct currency_code'
            ' in the mapping or currency_code of the retailer in settings.yml'
        ) as remedy
    from named
    group by found_in, what, currency
    order by found_in, currency
{% else %}
    select order_item_id from {{ ref('fct_order_items') }}
    where false
{% endif %}
