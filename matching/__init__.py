"""Matching: records and arrays in, recommendations out. No database, no HTTP."""
