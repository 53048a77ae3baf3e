with customers as (
    select * from {{ ref('int_customers__profiled') }}
    where is_current
),

tags as (
    select * from {{ ref('tag_definitions') }}
),

rules as (
    select * from {{ ref('tag_rules') }}
),

rule_counts as (
    select
        tag_id,
        count(*) as rule_count
    from rules
    group by tag_id
),

evaluated as (
    {{ rules_evaluated('customers', 'rules') }}
),

-- A tag is given when all of its rules hold.
tagged as (
    select
        customer_id,
        tag_id,
        count(*) as rule_count,
        {{ evidence() }} as evidence
    from evaluated
    where {{ rule_holds() }}
    group by customer_id, tag_id
),

final as (
    select
        {{ business_date() }} as as_of_on,
        tagged.customer_id,
        tagged.tag_id,
        tags.tag_group,
        tagged.evidence
    from tagged
    inner join rule_counts
        on
            tagged.tag_id = rule_counts.tag_id
            and tagged.rule_count = rule_counts.rule_count
    inner join tags
        on tagged.tag_id = tags.tag_id
)

select * from final
