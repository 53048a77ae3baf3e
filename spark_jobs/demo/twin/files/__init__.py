"""How rows of the twin's systems become files: late, twice, with mistakes, in the system's own format."""
