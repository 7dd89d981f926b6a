"""Karpenter: nodes that come for pods which wait, and go when they are no longer needed."""
