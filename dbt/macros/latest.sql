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


{#- The age band on the business date of who was born in a year; a birthday
    later in the year is not known, so the age may be one too many. -#}
{% macro age_band(birth_year) -%}
    {%- set age = 'year(' ~ business_date() ~ ') - ' ~ birth_year -%}
    case
        when {{ age }} < 0 or {{ age }} > 120 then null
        when {{ age }} < 18 then '0-17'
        {%- for low, high in [(18, 24), (25, 34), (35, 44), (45, 54), (55, 64)] %}
            when {{ age }} <= {{ high }} then '{{ low }}-{{ high }}'
        {%- endfor %}
        when {{ age }} >= 65 then '65+'
    end
{%- endmacro %}
