with answers as (
    select * from {{ ref('int_consents__held') }}
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
        customer_id,
        purpose,
        channel,
        is_granted,
        answer.decided_at,
        answer.decided_on,
        greatest(answer.decided_on, answer.known_on) as effective_on,
        answer.asked_in,
        answer.source,
        answered_id_count,
        refused_id_count
    from strictest
)

select * from final
