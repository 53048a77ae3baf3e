with customer_ids as (
    select * from {{ ref('stg_customer_ids') }}
    where first_known_on <= {{ business_date() }}
),

consents as (
    select
        *,
        to_date(
            from_utc_timestamp(decided_at, '{{ var("retailer_time_zone") }}')
        ) as decided_on
    from {{ ref('stg_consents') }}
),

answers as (
    select
        customer_ids.customer_id,
        consents.*
    from consents
    inner join customer_ids
        on consents.source_customer_id = customer_ids.source_customer_id
    where {{ is_visible('consents.decided_on', 'consents.known_on') }}
),

-- What any key of the customer answered about.
questions as (
    select distinct
        customer_id,
        purpose,
        channel
    from answers
),

-- Of each key the latest answer that covers the channel; at equal moments the
-- refusal. An answer for all channels covers every channel, and an answer for
-- a channel says nothing about the others.
latest as (
    select
        questions.customer_id,
        questions.purpose,
        questions.channel,
        answers.source_customer_id,
        max(
            struct(
                answers.decided_at,
                not answers.is_granted as is_refused,
                answers.known_on,
                answers.consent_id,
                answers.decided_on,
                answers.source,
                answers.asked_in
            )
        ) as answer
    from questions
    inner join answers
        on
            questions.customer_id = answers.customer_id
            and questions.purpose = answers.purpose
            and answers.channel in (questions.channel, 'all')
    group by
        questions.customer_id,
        questions.purpose,
        questions.channel,
        answers.source_customer_id
),

final as (
    select
        latest.customer_id,
        latest.purpose,
        latest.channel,
        latest.source_customer_id,
        not latest.answer.is_refused as is_granted,
        latest.answer.decided_at,
        latest.answer.decided_on,
        latest.answer.asked_in,
        latest.answer.source,
        latest.answer.known_on,
        latest.answer.consent_id
    from latest
)

select * from final
