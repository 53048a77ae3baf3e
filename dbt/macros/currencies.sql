{#- What one unit of the amounts in a row is in the retailer's currency; null
    when no rate holds on that day. `rates` is joined by `rate_holds`. -#}
{% macro exchange_rate(currency) -%}
    {%- if var('converts_currency') -%}
        case
            when coalesce({{ currency }}, '{{ var("retailer_currency") }}')
                = '{{ var("retailer_currency") }}' then 1
            else rates.rate
        end
    {%- else -%}
        1
    {%- endif -%}
{%- endmacro %}


{% macro line_amounts() -%}
    {{ return([
        'sales_amount', 'retail_discount_amount', 'coupon_discount_amount',
        'coupon_match_discount_amount',
    ]) }}
{%- endmacro %}


{% macro rate_holds(currency, on_day) -%}
    {{ currency }} = rates.currency_code
    and {{ on_day }} >= rates.rate_on
    and {{ on_day }} < coalesce(rates.next_rate_on, date '9999-12-31')
{%- endmacro %}


{#- An amount in the retailer's currency; as it is when there is no other. -#}
{% macro in_retailer_currency(amount, currency) -%}
    {%- if var('converts_currency') -%}
        cast(
            {{ amount }} * {{ exchange_rate(currency) }} as decimal(18, 2)
        )
    {%- else -%}
        {{ amount }}
    {%- endif -%}
{%- endmacro %}
