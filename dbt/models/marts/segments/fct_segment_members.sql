with customers as (
    select * from {{ ref('dim_customers') }}
    where is_current
),

segments as (
    select * from {{ ref('segment_definitions') }}
),

tags_of_models as (
    select collect_set(tag_id) as tag_ids
    from {{ ref('tag_rules') }}
    where {{ is_of_model('attribute') }}
),

rules_without_models as (
    select
        segment_rules.*,
        {{ is_of_model('segment_rules.attribute') }} as is_of_model,
        if(
            segment_rules.attribute = 'tag',
            array_join(
                array_except(
                    split(segment_rules.one_of, '[|]'), tags_of_models.tag_ids
                ), '|'
            ),
            segment_rules.one_of
        ) as plain_words
    from {{ ref('segment_rules') }} as segment_rules
    cross join tags_of_models
),

-- A segment with a purpose is an audience. It has two variants: to customers
-- who are not personalised only rules are put that look at no model's result.
variants as (
    select
        segment_id,
        purpose,
        channel,
        explode(
            if(
                coalesce(purpose, 'none') = 'none',
                array('anybody'), array('personalised', 'plain')
            )
        ) as variant
    from segments
),

rules as (
    select
        variants.*,
        rules_without_models.attribute,
        rules_without_models.at_least,
        rules_without_models.at_most,
        if(
            variants.variant = 'plain',
            rules_without_models.plain_words, rules_without_models.one_of
        ) as one_of
    from variants
    inner join rules_without_models
        on variants.segment_id = rules_without_models.segment_id
    where
        variants.variant != 'plain'
        or (
            not rules_without_models.is_of_model
            and rules_without_models.plain_words != ''
        )
),

rule_counts as (
    select
        segment_id,
        variant,
        count(*) as rule_count
    from rules
    group by segment_id, variant
),

evaluated as (
    {{ rules_evaluated('customers', 'rules', with_tags=true) }}
    where
        rules.variant = 'anybody'
        or (
            rules.variant = if(
                customers.is_personalised, 'personalised', 'plain'
            )
            and {{ has_consent_of('rules.purpose', 'rules.channel') }}
        )
),

-- A customer is in a segment when all of its rules hold.
matched as (
    select
        customer_id,
        segment_id,
        variant,
        count(*) as rule_count,
        {{ evidence() }} as evidence
    from evaluated
    where {{ rule_holds() }}
    group by customer_id, segment_id, variant
),

final as (
    select
        {{ business_date() }} as as_of_on,
        matched.segment_id,
        matched.customer_id,
        if(
            matched.variant = 'anybody',
            null, matched.variant = 'personalised'
        ) as is_personalised,
        matched.evidence
    from matched
    inner join rule_counts
        on
            matched.segment_id = rule_counts.segment_id
            and matched.variant = rule_counts.variant
            and matched.rule_count = rule_counts.rule_count
)

select * from final
