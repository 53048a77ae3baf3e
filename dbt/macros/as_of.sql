{#- The business date of this run. There is no default and no clock: a run
    without --vars '{business_date: yyyy-mm-dd}' fails. -#}
{% macro business_date() -%}
    date '{{ var("business_date") }}'
{%- endmacro %}


{#- True for facts that are visible on the business date: they have happened
    and the platform knows them. -#}
{% macro is_visible(event_on, known_on='known_on') -%}
    {{ event_on }} <= {{ business_date() }}
    and {{ known_on }} <= {{ business_date() }}
{%- endmacro %}


{#- How many days before the business date: 0 on the day itself. -#}
{% macro days_ago(event_on) -%}
    datediff({{ business_date() }}, {{ event_on }})
{%- endmacro %}
