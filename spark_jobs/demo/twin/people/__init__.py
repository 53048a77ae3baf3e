"""Who the customers are: households, persons, their identifiers over time, and what they agreed to."""
