{#- A status as the words of conf/vocabularies/statuses.yml are compared:
    without case and outer blanks. -#}
{% macro status_word(status) -%}
    lower(btrim({{ status }}, ' \t\r\n\u00a0\u3000\u200b\ufeff'))
{%- endmacro %}
