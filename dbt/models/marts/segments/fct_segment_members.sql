with customers as (
    select * from {{ ref('dim_customers') }}
),

segments as (
    select * from {{ ref('segment_definitions') }}
),

rules as (
    select * from {{ ref('segment_rules') }}
),

rule_counts as (
    select
        segment_id,
        count(*) as rule_count
    from rules
    group by segment_id
),

evaluated as (
    {{ rules_evaluated('customers', 'rules', with_tags=true) }}
),

-- A customer is in a segment when all of its rules hold.
matched as (
    select
        customer_id,
        segment_id,
        count(*) as rule_count,
        {{ evidence() }} as evidence
    from evaluated
    where {{ rule_holds() }}
    group by customer_id, segment_id
),

final as (
    select
        {{ business_date() }} as as_of_on,
        matched.segment_id,
        matched.customer_id,
        matched.evidence
    from matched
    inner join rule_counts
        on
            matched.segment_id = rule_counts.segment_id
            and matched.rule_count = rule_counts.rule_count
    inner join segments
        on matched.segment_id = segments.segment_id
)

select * from final
