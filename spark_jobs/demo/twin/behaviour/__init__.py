"""What happens on a day, and why: visits, orders, deliveries, complaints, churn."""
