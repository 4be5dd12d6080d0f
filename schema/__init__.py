"""The contract: code lists, catalogue, feed layouts, rules of law and GraphQL types. Imports nothing first-party."""
