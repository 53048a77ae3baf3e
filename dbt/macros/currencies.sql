{#- A currency code in its normal form; null when it is blank. -#}
{% macro currency_code(column='currency_code') -%}
    nullif(upper(trim({{ column }})), '')
{%- endmacro %}


{#- The currency that the mapping of a row's source declares; null when it is
    the retailer's. -#}
{% macro currency_of_source(source) -%}
    {%- set codes = var('source_currencies') -%}
    {%- if codes -%}
        case {{ source }}
            {% for name in codes -%}
                when '{{ name }}' then '{{ codes[name] }}'
            {% endfor -%}
        end
    {%- else -%}
        cast(null as string)
    {%- endif -%}
{%- endmacro %}


{#- The currency of an amount for which nobody states one is the retailer's. -#}
{% macro or_retailer_currency(currency) -%}
    coalesce({{ currency }}, '{{ var("retailer_currency") }}')
{%- endmacro %}


{#- What one unit of a currency is worth in the retailer's currency; null when
    no rate holds on that day. `rates` is joined by `rate_holds`. -#}
{% macro exchange_rate(currency) -%}
    {%- if var('converts_currency') -%}
        case
            when
                {{ or_retailer_currency(currency) }}
                = '{{ var("retailer_currency") }}'
                then cast(1 as decimal(18, 8))
            else rates.rate
        end
    {%- else -%}
        cast(1 as decimal(18, 8))
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


{#- An amount in the retailer's currency, not rounded: the mart rounds once.
    The product keeps 11 decimals, all that decimal(38) has room for. -#}
{% macro in_retailer_currency(amount, currency) -%}
    {%- if var('converts_currency') -%}
        cast(
            {{ amount }} * {{ exchange_rate(currency) }} as decimal(34, 11)
        )
    {%- else -%}
        {{ amount }}
    {%- endif -%}
{%- endmacro %}
