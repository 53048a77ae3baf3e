{#- The part of the customers, 1 to `parts`, in which a value lies, from the
    least to the greatest. The percentile rank of a value is the share of
    customers with a smaller value plus half the share of those with the same
    one, so equal values are always in the same part and no id decides. Null
    has no part. `is_ranked` names the rows that are compared. -#}
{% macro part_of(value, parts, is_ranked='true', direction='asc') -%}
    {%- set ranked -%}
        if({{ is_ranked }} and {{ value }} is not null, {{ value }}, null)
    {%- endset -%}
    {%- set by_value -%}
        order by {{ ranked }} {{ direction }} nulls last
    {%- endset -%}
    if(
        {{ ranked }} is null,
        null,
        1 + cast(
            {{ parts }}
            * (
                rank() over ({{ by_value }}) - 1
                + count({{ ranked }}) over ({{ by_value }})
            )
            div (2 * count({{ ranked }}) over ()) as int
        )
    )
{%- endmacro %}
