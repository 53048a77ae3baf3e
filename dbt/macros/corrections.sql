{#- The last correction of a field, and whether there is one: a value can be
    taken away too. -#}
{% macro last_correction(field) -%}
    max_by(value, struct(known_on, request_id))
    filter (where field = '{{ field }}') as {{ field }},
    count_if(field = '{{ field }}') > 0 as has_{{ field }}
{%- endmacro %}


{#- A field of `source_customers` with what `corrections` say of it. -#}
{% macro corrected(field) -%}
    {%- set type = 'int' if field == 'birth_year' else 'string' -%}
    if(
        corrections.has_{{ field }},
        cast(corrections.{{ field }} as {{ type }}),
        source_customers.{{ field }}
    ) as {{ field }}
{%- endmacro %}
