-- In an audience is nobody who does not agree to its purpose on its channel,
-- and nobody by a model's result who refused that: asked of the answers
-- themselves, not of the columns that audiences are made with.
with consents as (
    select * from {{ ref('fct_consents') }}
),

members as (
    select
        members.segment_id,
        members.customer_id,
        members.is_personalised,
        segments.purpose,
        segments.channel
    from {{ ref('fct_segment_members') }} as members
    inner join {{ ref('segment_definitions') }} as segments
        on members.segment_id = segments.segment_id
    where segments.purpose != 'none'
),

-- What every member needs.
needs as (
    select
        segment_id,
        customer_id,
        purpose,
        channel
    from members
    union all
    select
        segment_id,
        customer_id,
        explode(array('profiling', 'automated_decision')) as purpose,
        'all' as channel
    from members
    where is_personalised
),

final as (
    select
        needs.segment_id,
        needs.customer_id,
        needs.purpose,
        needs.channel
    from needs
    left join consents
        on
            needs.customer_id = consents.customer_id
            and needs.purpose = consents.purpose
            and (
                needs.channel = 'all'
                or consents.channel in (needs.channel, 'all')
            )
    group by
        needs.segment_id, needs.customer_id, needs.purpose, needs.channel
    having
        count(consents.customer_id) = 0
        or not if(
            needs.channel = 'all',
            bool_and(consents.is_granted)
            and bool_or(consents.channel = 'all'),
            max_by(consents.is_granted, consents.channel != 'all')
        )
)

select * from final
