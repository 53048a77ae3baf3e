"""What the platform made of the twin, beside what is true. Only this package and tests read the truth."""
