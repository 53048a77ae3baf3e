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


{#- Row count and sums of an aggregate equal those of its parts, in one scan of
    each: nothing was lost or counted twice on the way. `line_count` stands for
    the number of rows of the parts. -#}
{% test same_sums(model, to, columns) %}
    with whole as (
        select
            {% for column in columns -%}
                coalesce(sum({{ column }}), 0) as {{ column }}
                {{- ',' if not loop.last }}
            {% endfor %}
        from {{ model }}
        where line_count > 0
    ),

    parts as (
        select
            {% for column in columns -%}
                coalesce(
                    {{ 'count(*)' if column == 'line_count'
                       else 'sum(' ~ column ~ ')' }}, 0
                ) as {{ column }}
                {{- ',' if not loop.last }}
            {% endfor %}
        from {{ to }}
    )

    select *
    from whole
    cross join parts
    where
        {% for column in columns -%}
            whole.{{ column }} != parts.{{ column }}
            {{- ' or' if not loop.last }}
        {% endfor %}
{% endtest %}
