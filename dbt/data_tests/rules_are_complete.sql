-- Every tag and segment has a rule, every rule has its tag or segment, names an
-- attribute that exists and says something; bounds stand on numeric attributes.
with definitions as (
    select
        'tag' as kind,
        tag_id as owner_id
    from {{ ref('tag_definitions') }}
    union all
    select
        'segment' as kind,
        segment_id as owner_id
    from {{ ref('segment_definitions') }}
),

rules as (
    select
        'tag' as kind,
        tag_id as owner_id,
        attribute,
        coalesce(at_least, at_most) is not null as has_bounds,
        one_of != 'any' as has_words
    from {{ ref('tag_rules') }}
    union all
    select
        'segment' as kind,
        segment_id as owner_id,
        attribute,
        coalesce(at_least, at_most) is not null as has_bounds,
        one_of != 'any' as has_words
    from {{ ref('segment_rules') }}
),

rules_looked_up as (
    select
        *,
        attribute in (
            {% for attribute in numeric_attributes() -%}
                '{{ attribute }}',
            {% endfor -%}
            ''
        ) as is_numeric,
        attribute in (
            {% for attribute in text_attributes() -%}
                '{{ attribute }}',
            {% endfor -%}
            ''
        )
        or (kind = 'segment' and attribute = 'tag') as is_text
    from rules
),

-- Definitions and rules side by side, so that one grouping sees both.
stacked as (
    select
        kind,
        owner_id,
        1 as is_definition,
        null as attribute,
        null as problem
    from definitions
    union all
    select
        kind,
        owner_id,
        0 as is_definition,
        attribute,
        case
            when not is_numeric and not is_text
                then concat('no such attribute: ', attribute)
            when not has_bounds and not has_words
                then concat('says nothing: ', attribute)
            when (has_bounds and not is_numeric) or (has_words and is_numeric)
                then concat('bounds and words do not suit: ', attribute)
        end as problem
    from rules_looked_up
),

owners as (
    select
        kind,
        owner_id,
        sum(is_definition) as definition_count,
        count(attribute) as rule_count,
        count(distinct attribute) as attribute_count,
        array_join(array_sort(collect_set(problem)), '; ') as problems
    from stacked
    group by kind, owner_id
),

final as (
    select *
    from owners
    where
        definition_count != 1
        or rule_count = 0
        or rule_count != attribute_count
        or problems != ''
)

select * from final
