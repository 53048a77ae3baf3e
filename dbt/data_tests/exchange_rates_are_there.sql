-- depends_on: {{ ref('fct_orders') }}
-- depends_on: {{ ref('fct_returns') }}
-- depends_on: {{ ref('stg_orders') }}
-- depends_on: {{ ref('stg_returns') }}

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
            if(currency_code rlike '^[A-Z]{3}$', currency_code, null) as code
        from unconverted
    ),

    counted as (
        select
            found_in,
            what,
            code,
            cast(count(*) as string) as row_count,
            cast(min(happened_on) as string) as first_on,
            cast(max(happened_on) as string) as last_on
        from named
        group by found_in, what, code
    )

    select
        found_in,
        concat(
            'no exchange rate for ',
            coalesce(code, 'codes that are not ISO 4217'), ' in ', row_count,
            if(row_count = '1', ' row', ' rows'), ' (', what, '), ', first_on,
            ' to ', last_on
        ) as problem,
        coalesce(
            concat(
                'deliver a rate for ', code, ' on or before ', first_on,
                ' into exchange_rates, or correct currency_code in the',
                ' mapping, or the currency of the retailer in settings.yml'
            ),
            'map currency_code to ISO 4217 codes'
        ) as remedy
    from counted
    order by found_in, code
{% else %}
    select order_item_id from {{ ref('fct_order_items') }}
    where false
{% endif %}
