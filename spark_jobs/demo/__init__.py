"""The demo data: a real grocer's year, landed as its source systems would have delivered it."""
