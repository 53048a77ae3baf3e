"""Configuration as typed, frozen data: settings, the table catalogue, source contracts and canonical entities."""
