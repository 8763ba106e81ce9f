"""What a run works for: the cosine to the target, or what is known of which chunk is the target."""

from typing import Literal

Goal = Literal["cosine", "bits"]
"""What the learning rate, the collapse watch and the choice of the weights go by.

``cosine``: the learning rate falls when the cosine stalls, the watch sees the cosine, the gates choose.
``bits``: the learning rate falls when the bits stall, the watch sees the lift, the bits choose.
"""
