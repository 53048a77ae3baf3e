"""Who sees what: masks, the vault's reader, and masked views of gold for each role."""
