"""Sign-on with OpenID providers: their tokens, their keys, and whom their subjects speak for."""
