{#- A key in one query: no null in any of its columns, no value twice. -#}
{% test is_key(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        {% for column in columns -%}
            or {{ column }} is null
        {% endfor %}
{% endtest %}


{#- Several predicates over the rows of a model in one scan; a row comes back
    for every predicate that does not hold somewhere. Null counts as broken. -#}
{% test holds(model, expressions) %}
    with counted as (
        select
            {% for expression in expressions -%}
                count_if(not coalesce({{ expression }}, false))
                    as broken_{{ loop.index }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ model }}
    )

    {% for expression in expressions -%}
        select
            {{ "'" ~ (expression | replace("'", "")) ~ "'" }} as expression,
            broken_{{ loop.index }} as row_count
        from counted
        where broken_{{ loop.index }} > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
{% endtest %}


{#- Every value of a column is in a column of another model, in one scan. -#}
{% test is_in(model, column_name, to, field) %}
    select distinct child.{{ column_name }}
    from {{ model }} as child
    left anti join {{ to }} as parent
        on child.{{ column_name }} = parent.{{ field }}
    where child.{{ column_name }} is not null
{% endtest %}


{#- Each total is the sum of its parts, rounded once to the cent, and has as many
    parts as `line_count` says: nothing was lost, counted twice, or rounded on
    the way. Parts show six decimals, so a converted one may be off by half a
    millionth. -#}
{% test totals_of_parts(model, to, key, columns) %}
    with parts as (
        select
            {{ key }},
            {% for column in columns -%}
                sum({{ column }}) as {{ column }},
            {% endfor -%}
            count(*) as line_count
        from {{ to }}
        group by {{ key }}
    )

    select
        whole.{{ key }},
        parts.{{ key }} as key_of_parts
    from (select * from {{ model }} where line_count > 0) as whole
    full outer join parts
        on whole.{{ key }} = parts.{{ key }}
    where
        not whole.line_count <=> parts.line_count
        {% for column in columns -%}
            or abs(whole.{{ column }} - parts.{{ column }})
            > 0.005 + 0.0000005 * parts.line_count
        {% endfor %}
{% endtest %}
