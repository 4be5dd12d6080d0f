"""The one entry to the matching service: people, openings, posts, programmes and history in, recommendations out."""

from matching.pipeline.learn import learn
from matching.pipeline.lists import Pairs, build_lists
from matching.pipeline.recommend import Commitments, recommend
from matching.pipeline.result import Counts, Lists, Result
from matching.pipeline.scoring import Scorer

__all__ = ["Commitments", "Counts", "Lists", "Pairs", "Result", "Scorer", "build_lists", "learn", "recommend"]
