with orders as (
    select
        *,
        hour(
            from_utc_timestamp(
                ordered_at, '{{ var("retailer_time_zone") }}'
            )
        ) as hour_of_day
    from {{ ref('fct_orders') }}
    where customer_id is not null
),

order_items as (
    select * from {{ ref('fct_order_items') }}
    where
        customer_id is not null
        and department is not null
        and line_type = 'merchandise'
),

habits as (
    select
        customer_id,
        ordered_at,
        stack(
            4,
            'store', store_id,
            'channel', channel,
            'weekday', cast(weekday(ordered_on) + 1 as string),
            'day_part', case
                when hour_of_day < 6 then 'night'
                when hour_of_day < 12 then 'morning'
                when hour_of_day < 18 then 'afternoon'
                else 'evening'
            end
        ) as (habit, habit_value)
    from orders
),

habit_counts as (
    select
        customer_id,
        habit,
        habit_value,
        count(*) as order_count,
        max(ordered_at) as last_ordered_at
    from habits
    where habit_value is not null
    group by customer_id, habit, habit_value
),

-- Most orders win; among equals the one used last, then the greatest value.
preferred_habits as (
    select
        {% for habit in ['store', 'channel', 'weekday', 'day_part'] -%}
            max_by(
                habit_value,
                struct(order_count, last_ordered_at, habit_value)
            ) filter (where habit = '{{ habit }}') as {{ habit }},
        {% endfor -%}
        customer_id
    from habit_counts
    group by customer_id
),

department_sales as (
    select
        customer_id,
        department,
        sum(sales_amount) as sales_amount
    from order_items
    group by customer_id, department
),

-- Most sales win; among equals the first in the alphabet.
preferred_departments as (
    select
        customer_id,
        slice(
            transform(
                array_sort(
                    collect_list(struct(-sales_amount as place, department))
                ),
                item -> item.department
            ),
            1, 3
        ) as departments
    from department_sales
    group by customer_id
),

final as (
    select
        habits.customer_id,
        habits.store as preferred_store_id,
        habits.channel as preferred_channel,
        cast(habits.weekday as int) as preferred_weekday,
        habits.day_part as preferred_day_part,
        get(departments.departments, 0) as preferred_department,
        departments.departments as preferred_departments
    from preferred_habits as habits
    left join preferred_departments as departments
        on habits.customer_id = departments.customer_id
)

select * from final
