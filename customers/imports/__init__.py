"""Files of customers come in: received, staged, held against the base, previewed, applied, and undone."""
