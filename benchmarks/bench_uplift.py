"""Uplift on the NSW experiment: average effect, the policy's gain over treating everyone, the bias with CPS controls.

Outcome: earnings of 1978 in dollars. The last line is one JSON object.

    python benchmarks/bench_uplift.py [--quick]

Source: LaLonde, American Economic Review 76 (1986); Dehejia and Wahba, JASA 94 (1999); data of package causaldata.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from causaldata import cps_mixtape, nsw_mixtape

from matching.uplift import Trial, cross_fit, difference_in_means, repeated_gain

FEATURES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


def as_trial(frame: Any) -> Trial:
    """The trial that a table of causaldata holds."""
    return Trial(
        frame[FEATURES].to_numpy(np.float64), frame["treat"].to_numpy() == 1, frame["re78"].to_numpy(np.float64)
    )


def joined(one: Trial, other: Trial) -> Trial:
    """The treated of ``one`` beside the untreated of ``other``."""
    t, u = one.treated, ~other.treated
    return Trial(
        np.vstack([one.x[t], other.x[u]]),
        np.concatenate([one.treated[t], other.treated[u]]),
        np.concatenate([one.outcome[t], other.outcome[u]]),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 cross-fits instead of 100")
    fits = 10 if parser.parse_args().quick else 100
    nsw = as_trial(nsw_mixtape.load_pandas().data)
    cps = joined(nsw, as_trial(cps_mixtape.load_pandas().data))

    mean, low, high = difference_in_means(nsw)
    average = [cross_fit(nsw, seed=seed, randomised=True) for seed in range(fits)]
    effect = float(np.mean([fit.average for fit in average]))
    robust = np.mean([fit.robust for fit in average], axis=0)
    gain = repeated_gain(nsw, seeds=range(fits), randomised=True)
    naive = difference_in_means(cps)[0]
    of_treated = float(np.mean([cross_fit(cps, seed=seed).gain_of_treated for seed in range(max(1, fits // 10))]))

    print(f"NSW, {int(nsw.treated.sum())} treated, {int((~nsw.treated).sum())} untreated, {fits} cross-fits, dollars")
    print(f"difference in means             {mean:9.0f}  [{low:.0f}, {high:.0f}]")
    print(f"T-learner, average effect       {effect:9.0f}  within the interval: {low <= effect <= high}")
    print(f"doubly robust, average effect   {robust[0]:9.0f}  [{robust[1]:.0f}, {robust[2]:.0f}]")
    print(f"policy over treating everyone   {gain.value:9.0f}  [{gain.low:.0f}, {gain.high:.0f}]", end="")
    print(f"  treats {gain.share_treated:.0%}")
    print("CPS controls instead (effect on the treated)")
    print(f"difference in means             {naive:9.0f}  bias {naive - mean:.0f}")
    print(f"T-learner                       {of_treated:9.0f}  bias {of_treated - mean:.0f}")
    print(
        json.dumps(
            {
                "nsw_difference": mean, "nsw_interval": [low, high], "t_learner_effect": effect,
                "effect_within_interval": low <= effect <= high, "policy_gain": gain.value,
                "policy_gain_interval": [gain.low, gain.high], "policy_share_treated": gain.share_treated,
                "gain_includes_or_exceeds_zero": gain.high >= 0.0, "cross_fits": fits,
                "cps_bias_naive": naive - mean, "cps_bias_t_learner": of_treated - mean,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
