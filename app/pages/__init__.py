"""The pages: clients of the hub's own GraphQL schema, run in process with the signed-in person's rights."""
