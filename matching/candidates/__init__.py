"""Candidates: the targets of each person that are worth ranking, exactly, out of everything the rules allow."""

from matching.candidates.lists import Candidates, candidates, merge_lists
from matching.candidates.search import Best, top_k

__all__ = ["Best", "Candidates", "candidates", "merge_lists", "top_k"]
