"""Files become bronze: the contract is checked row by row, PII goes to the vault, rejected rows to quarantine."""
