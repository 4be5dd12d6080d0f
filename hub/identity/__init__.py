"""Who is who: normalise, block, score, cluster, and keep identity reversible."""
