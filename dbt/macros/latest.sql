{#- The value of a column in the source row that was known last, among rows
    where it has one; ties go to the greatest source key. -#}
{% macro latest(column) -%}
    max_by({{ column }}, struct(known_on, source_customer_id))
    filter (where {{ column }} is not null) as {{ column }}
{%- endmacro %}


{#- The columns a person tells about themselves; null when nobody asked. -#}
{% macro demographics() -%}
    {{ return([
        'gender', 'birth_year', 'age_band', 'income_band', 'home_ownership',
        'marital_status', 'household_size', 'household_composition',
        'kids_count',
    ]) }}
{%- endmacro %}
