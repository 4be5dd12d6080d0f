"""The hub's stages, in the order in which data travels: intake, identity, registry, query, recommend, casework, api."""
