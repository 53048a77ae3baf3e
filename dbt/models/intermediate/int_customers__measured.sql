{{ config(materialized='table') }}

with orders as (
    select
        *,
        {{ days_ago('ordered_on') }} as days_ago
    from {{ ref('fct_orders') }}
    where customer_id is not null
),

redemptions as (
    select
        customer_id,
        count(*) as coupon_redemption_count
    from {{ ref('fct_coupon_redemptions') }}
    where customer_id is not null
    group by customer_id
),

sums as (
    select
        customer_id,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        array_sort(collect_set(ordered_on)) as visited_on,
        count(*) as order_count,
        sum(sales_amount) as sales_amount,
        -- False for everybody when no order of anybody has an amount.
        max(max(abs(sales_amount))) over () > 0 as has_money,
        sum(unit_count) as unit_count,
        sum(discount_amount) as discount_amount,
        sum(coupon_discount_amount) as coupon_discount_amount,
        sum(promoted_sales_amount) as promoted_sales_amount,
        sum(fuel_amount) as fuel_amount,
        {% for days in [30, 90, 365] -%}
            count_if(days_ago < {{ days }}) as order_count_{{ days }}d,
            sum(if(days_ago < {{ days }}, sales_amount, 0))
                as sales_amount_{{ days }}d,
        {% endfor -%}
        sum(if(days_ago between 90 and 179, sales_amount, 0))
            as sales_amount_previous_90d
    from orders
    group by customer_id
),

final as (
    select
        sums.customer_id,
        sums.first_ordered_on,
        sums.last_ordered_on,
        cast({{ days_ago('sums.last_ordered_on') }} as int) as recency_days,
        cast({{ days_ago('sums.first_ordered_on') }} as int) as tenure_days,
        -- The day of the second visit tells who came back, and how soon.
        datediff(get(sums.visited_on, 1), sums.first_ordered_on)
            as days_to_second_visit,
        cast(
            datediff(sums.last_ordered_on, sums.first_ordered_on)
            / nullif(size(sums.visited_on) - 1, 0) as double
        ) as days_between_visits,
        cast(sums.order_count as int) as order_count,
        {% for days in [30, 90, 365] -%}
            cast(sums.order_count_{{ days }}d as int)
                as order_count_{{ days }}d,
            size(
                filter(
                    sums.visited_on,
                    visit -> {{ days_ago('visit') }} < {{ days }}
                )
            ) as visit_count_{{ days }}d,
            cast(sums.sales_amount_{{ days }}d as decimal(18, 2))
                as sales_amount_{{ days }}d,
        {% endfor -%}
        cast(sums.sales_amount_previous_90d as decimal(18, 2))
            as sales_amount_previous_90d,
        cast(sums.sales_amount as decimal(18, 2)) as sales_amount,
        sums.has_money,
        cast(
            if(sums.has_money, sums.sales_amount / sums.order_count, null)
            as decimal(18, 2)
        ) as basket_amount,
        cast(sums.unit_count as decimal(18, 3)) as unit_count,
        cast(sums.discount_amount as decimal(18, 2)) as discount_amount,
        cast(
            sums.discount_amount
            / nullif(sums.sales_amount + sums.discount_amount, 0) as double
        ) as discount_share,
        cast(
            sums.promoted_sales_amount / nullif(sums.sales_amount, 0)
            as double
        ) as promoted_sales_share,
        cast(sums.coupon_discount_amount as decimal(18, 2))
            as coupon_discount_amount,
        cast(sums.fuel_amount as decimal(18, 2)) as fuel_amount,
        cast(coalesce(redemptions.coupon_redemption_count, 0) as int)
            as coupon_redemption_count
    from sums
    left join redemptions
        on sums.customer_id = redemptions.customer_id
)

select * from final
