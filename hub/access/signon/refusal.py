"""Why a token is not taken: for the log. Whoever sent it learns only that it is not."""

from __future__ import annotations


class TokenRefused(Exception):
    """A token that is not taken.

    Parameters
    ----------
    why
        A fixed word for the log; never anything out of the token.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)
