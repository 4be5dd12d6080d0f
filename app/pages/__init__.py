"""The pages: clients of the hub's own GraphQL schema, run in process with the signed-in person's rights."""

from app.pages.routes import failed_page, not_found, routes

__all__ = ["failed_page", "not_found", "routes"]
