"""Queries over the register: selection → statement → finished JSON, one SQL statement an operation."""
