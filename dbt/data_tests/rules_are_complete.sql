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

all_rules as (
    select
        'tag' as kind,
        tag_id as owner_id,
        attribute,
        at_least,
        at_most,
        one_of
    from {{ ref('tag_rules') }}
    union all
    select
        'segment' as kind,
        segment_id as owner_id,
        attribute,
        at_least,
        at_most,
        one_of
    from {{ ref('segment_rules') }}
),

rules as (
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
        ) as is_text
    from all_rules
),

problems as (
    select
        kind,
        owner_id,
        'defined without a rule' as problem
    from definitions
    left anti join rules
        on
            definitions.kind = rules.kind
            and definitions.owner_id = rules.owner_id
    union all
    select
        kind,
        owner_id,
        'a rule without a definition' as problem
    from rules
    left anti join definitions
        on
            rules.kind = definitions.kind
            and rules.owner_id = definitions.owner_id
    union all
    select
        kind,
        owner_id,
        concat('no such attribute: ', attribute) as problem
    from rules
    where
        not is_numeric
        and not is_text
        and not (kind = 'segment' and attribute = 'tag')
    union all
    select
        kind,
        owner_id,
        concat('bounds and words do not suit: ', attribute) as problem
    from rules
    where
        (coalesce(at_least, at_most) is null and one_of = 'any')
        or (
            coalesce(at_least, at_most) is not null
            and not is_numeric
        )
        or (
            one_of != 'any'
            and is_numeric
        )
    union all
    select
        kind,
        owner_id,
        'defined more than once' as problem
    from definitions
    group by kind, owner_id
    having count(*) > 1
    union all
    select
        kind,
        owner_id,
        concat('two rules on one attribute: ', attribute) as problem
    from rules
    group by kind, owner_id, attribute
    having count(*) > 1
)

select * from problems
