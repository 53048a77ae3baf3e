with source_rows as (
    select * from {{ source('silver', 'exchange_rates') }}
    where _is_deleted is not true
),

-- Two sources that tell the rate of one day: the one told last.
final as (
    select
        {{ currency_code() }} as currency_code,
        rate_on,
        max_by(rate, struct(_known_on, exchange_rate_id)) as rate,
        lead(rate_on) over (
            partition by {{ currency_code() }} order by rate_on
        ) as next_rate_on,
        max(_known_on) as known_on
    from source_rows
    group by {{ currency_code() }}, rate_on
)

select * from final
