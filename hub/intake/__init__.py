"""Intake: departments' files as they came, read by layouts, landed as append-only source records and rejections."""
