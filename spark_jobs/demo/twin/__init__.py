"""The twin: a simulated fresh-grocery retailer that writes source files as such systems deliver them, with the truth beside them."""
