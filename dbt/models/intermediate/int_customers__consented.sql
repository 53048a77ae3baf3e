with consents as (
    select * from {{ ref('fct_consents') }}
),

channels as (
    select channel from {{ ref('consent_channels') }}
),

-- On a channel its own answer holds, else the one for all. On `all` somebody
-- agreed to all, and no channel was refused.
covered as (
    select
        consents.customer_id,
        consents.purpose,
        channels.channel,
        case
            when channels.channel = 'all'
                then
                    bool_and(consents.is_granted)
                    and bool_or(consents.channel = 'all')
            else max_by(consents.is_granted, consents.channel != 'all')
        end as is_granted
    from consents
    inner join channels
        on
            consents.channel in (channels.channel, 'all')
            or channels.channel = 'all'
    group by consents.customer_id, consents.purpose, channels.channel
),

final as (
    select
        customer_id,
        array_sort(collect_list(concat(purpose, ':', channel))) as consents,
        array_sort(
            collect_list(channel) filter (
                where purpose = 'marketing' and channel != 'all'
            )
        ) as marketing_channels
    from covered
    where is_granted
    group by customer_id
)

select * from final
