"""The one entry to the matching service: people, openings, posts, programmes and history in, recommendations out."""
