"""What a study remembers: trials, claims, results and files, in SQLite or PostgreSQL."""
