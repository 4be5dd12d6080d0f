"""GraphQL types of the register, made from the catalogue."""
