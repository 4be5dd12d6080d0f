"""Who may see what: actors, sign-on, policy, masks, audit."""
