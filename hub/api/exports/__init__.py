"""Bulk exports: all rows of one list that an actor may see, as a file."""
