{#- The greatest value of a date column in some relations, the least of these, as
    a literal so that Delta can prune files with it; a relation without rows has
    no say. Year 1 when none has rows. The filter keeps Delta from answering out
    of its statistics, where the greatest date of a table fails with a
    ClassCastException (Delta 4.4). -#}
{% macro high_water(relations, column) -%}
    {%- set found = [] -%}
    {%- for relation in relations -%}
        {%- do found.append(one_date("max", relation, column)) -%}
    {%- endfor -%}
    {{ return(found | select | min or "date '0001-01-01'") }}
{%- endmacro %}


{#- The day from which on the facts have orders that change now: no file of
    theirs with earlier days has to be read. -#}
{% macro changed_from(changes) -%}
    {{ return(one_date("min", changes, "counted_from") or "date '9999-12-31'") }}
{%- endmacro %}


{% macro one_date(aggregate, relation, column) -%}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found = run_query(
        "select " ~ aggregate ~ "(" ~ column ~ ") from " ~ relation
        ~ " where " ~ column ~ " is not null"
    ).columns[0].values()[0] -%}
    {{ return("date '" ~ found ~ "'" if found else none) }}
{%- endmacro %}


{#- Another mart as the last run left it; none when it is not there or is built
    from scratch. No `ref`: the mart is built later in the same run. -#}
{% macro previous(model_name) -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(adapter.get_relation(
        database=none, schema=target.schema, identifier=model_name
    )) }}
{%- endmacro %}


{#- MERGE as dbt-spark writes it, with two additions. Rows that the model marks
    as removed (the predicate `meta.removed_when`) leave the table: an order
    cancelled after it was built. And of the target only files are read that
    have days of orders which change (`meta.changes`, `meta.pruned_by`). One
    statement, so a killed run leaves either all of it or nothing. -#}
{% macro spark__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates
) -%}
    {%- set columns = adapter.get_columns_in_relation(target)
        | map(attribute='name') | list -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set removed_when = meta.get('removed_when') -%}
    {%- set pruned = [
        'DBT_INTERNAL_DEST.' ~ meta.pruned_by ~ ' >= '
        ~ changed_from(ref(meta.changes))
    ] if meta.get('changes') else [] -%}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on {{ (
        (incremental_predicates or []) + pruned
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


{#- A hint that lays the rows of a table out in files of consecutive days. -#}
{% macro by_day(column, file_count) -%}
    {{ return("/*+ repartition_by_range(" ~ file_count ~ ", " ~ column ~ ") */") }}
{%- endmacro %}
