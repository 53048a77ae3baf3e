"""Who lives in the twin: persons in households, the identifiers they hold each day, their registrations and consents."""
