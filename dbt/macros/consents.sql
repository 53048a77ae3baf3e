{#- What customers may consent to; the seed consent_purposes has their names. -#}
{% macro consent_purposes() -%}
    {{ return([
        'service', 'marketing', 'profiling', 'automated_decision', 'sharing',
    ]) }}
{%- endmacro %}


{#- True for customers who agree to a purpose on a channel (`all`: on every
    channel); false for whoever never answered. Every audience is made with it:

        from {{ ref('dim_customers') }} as customers
        where {{ has_consent('marketing', 'sms') }}
-#}
{% macro has_consent(purpose, channel='all', customers='customers') -%}
    {%- if purpose not in consent_purposes() -%}
        {{ exceptions.raise_compiler_error(
            "no such purpose of consent: " ~ purpose
        ) }}
    {%- endif -%}
    {{ has_consent_of("'" ~ purpose ~ "'", "'" ~ channel ~ "'", customers) }}
{%- endmacro %}


{#- The same where purpose and channel are columns or other expressions. -#}
{% macro has_consent_of(purpose, channel, customers='customers') -%}
    coalesce(
        array_contains(
            {{ customers }}.consents,
            concat({{ purpose }}, ':', {{ channel }})
        ), false
    )
{%- endmacro %}


{#- True for attributes of the profile that are the result of a model: not used
    to choose for a customer who is not personalised. -#}
{% macro is_of_model(attribute) -%}
    {{ attribute }} in (
        {% for name in [
            'churn_score', 'churn_decile', 'churn_risk_decile',
            'propensity_score', 'propensity_decile', 'clv_amount',
            'clv_decile', 'lifetime_value_amount',
        ] -%}
            '{{ name }}'{{ ', ' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
