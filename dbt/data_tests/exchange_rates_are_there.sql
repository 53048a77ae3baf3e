-- Amounts of several currencies can only be added with the rates of their days.
{% if var('converts_currency') %}
    select
        currency_code,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        count(*) as line_count
    from {{ ref('fct_order_items') }}
    where exchange_rate is null
    group by currency_code
{% elif var('may_mix_currencies') %}
    select count(distinct currency_code) as currency_count
    from {{ ref('fct_order_items') }}
    having count(distinct currency_code) > 1
{% else %}
    select order_item_id from {{ ref('fct_order_items') }}
    where false
{% endif %}
