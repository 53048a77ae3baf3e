{#- The greatest value of a date column of the model as it stands, as a literal
    so that Delta can prune files with it; year 1 when there is no row. The
    filter keeps Delta from answering out of its statistics, where the greatest
    date of a table fails with a ClassCastException (Delta 4.4). -#}
{% macro high_water(column) -%}
    {%- if not execute -%}
        {{ return("date '0001-01-01'") }}
    {%- endif -%}
    {%- set found = run_query(
        "select max(" ~ column ~ ") from " ~ this
        ~ " where " ~ column ~ " is not null"
    ).columns[0].values()[0] -%}
    {{ return("date '" ~ (found or '0001-01-01') ~ "'") }}
{%- endmacro %}


{#- Another mart as the last run left it; none when it is not there. No `ref`:
    the mart may be built later in the same run. -#}
{% macro previous(model_name) -%}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(adapter.get_relation(
        database=none, schema=target.schema, identifier=model_name
    )) }}
{%- endmacro %}


{#- MERGE as dbt-spark writes it, with one addition: rows that the model marks
    as removed (the predicate `meta.removed_when`) leave the table: an order
    cancelled after it was built. One statement, so a killed run leaves either
    all of it or nothing. -#}
{% macro spark__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates
) -%}
    {%- set columns = adapter.get_columns_in_relation(target)
        | map(attribute='name') | list -%}
    {%- set removed_when = config.get('meta', {}).get('removed_when') -%}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on {{ (
        (incremental_predicates or [])
        + ['DBT_INTERNAL_SOURCE.' ~ unique_key
           ~ ' = DBT_INTERNAL_DEST.' ~ unique_key]
    ) | join(' and ') }}
    {% if removed_when -%}
    when matched and DBT_INTERNAL_SOURCE.{{ removed_when }} then delete
    {% endif -%}
    when matched then update set
        {% for column in columns -%}
        {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ ', ' if not loop.last }}
        {% endfor %}
    when not matched
    {% if removed_when -%}
    and not DBT_INTERNAL_SOURCE.{{ removed_when }}
    {% endif -%}
    then insert ({{ columns | join(', ') }})
    values (DBT_INTERNAL_SOURCE.{{ columns | join(', DBT_INTERNAL_SOURCE.') }})
{%- endmacro %}
