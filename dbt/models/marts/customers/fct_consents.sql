with answers as (
    select held.*
    from {{ ref('int_consents__held') }} as held
    left semi join {{ ref('int_customers__profiled') }} as profiles
        on held.customer_id = profiles.customer_id
),

-- Between the keys of one customer the strictest holds: one refusal is enough.
strictest as (
    select
        customer_id,
        purpose,
        channel,
        bool_and(is_granted) as is_granted,
        cast(count(*) as int) as answered_id_count,
        cast(count_if(not is_granted) as int) as refused_id_count,
        max(
            struct(
                not is_granted as is_refused,
                decided_at,
                known_on,
                consent_id,
                decided_on,
                asked_in,
                source
            )
        ) as answer
    from answers
    group by customer_id, purpose, channel
),

final as (
    select
        {{ business_date() }} as as_of_on,
        strictest.customer_id,
        strictest.purpose,
        strictest.channel,
        strictest.is_granted,
        strictest.answer.decided_at,
        strictest.answer.decided_on,
        greatest(strictest.answer.decided_on, strictest.answer.known_on)
            as effective_on,
        strictest.answer.asked_in,
        strictest.answer.source,
        strictest.answered_id_count,
        strictest.refused_id_count
    from strictest
)

select * from final
