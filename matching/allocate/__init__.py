"""Who gets which vacancy when there are too few.

Households come strictly by priority, then the total expected surplus counts. The plan is a min-cost flow, solved
exactly. :func:`max_servable` says how many households could be served at most, over every eligible pair and not only
the candidates; its witness joins the arcs of the plan, so that the plan reaches it.
"""

from matching.allocate.flow import Arcs, Flow, FlowInputError, most_placed, solve_flow
from matching.allocate.plan import Plan, Priorities, allocate, allocate_seats, first_jobs, households_placed
from matching.allocate.servable import Servable, max_servable

__all__ = [
    "Arcs",
    "Flow",
    "FlowInputError",
    "Plan",
    "Priorities",
    "Servable",
    "allocate",
    "allocate_seats",
    "first_jobs",
    "households_placed",
    "max_servable",
    "most_placed",
    "solve_flow",
]
