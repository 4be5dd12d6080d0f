"""The composition roots: the command line, the ASGI application, and the pages."""
