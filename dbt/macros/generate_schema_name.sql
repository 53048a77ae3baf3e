{#- A model's schema is the one it names: the lake has one environment, and its
    schemas are named by layer. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
