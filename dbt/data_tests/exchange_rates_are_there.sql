-- Amounts without a rate can be added to nothing: deliver the rates of these
-- currencies and days (entity exchange_rates), and run the night again.
{% if var('has_foreign_currency') %}
    select
        currency_code,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        count(*) as line_count
    from {{ ref('fct_order_items') }}
    where exchange_rate is null
    group by currency_code
{% else %}
    select order_item_id from {{ ref('fct_order_items') }}
    where false
{% endif %}
