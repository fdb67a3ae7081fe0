"""The deep part is what its formula says."""

from __future__ import annotations

import numpy as np

from foryou.models import deep
from foryou.models.deep import GATES, Depth
from foryou.models.layout import OUTPUTS
from foryou.models.parameters import Parameters


def test_the_logits_are_those_of_crosses_a_trunk_and_gated_experts() -> None:
    rng, depth = np.random.default_rng(1), Depth(hidden=20, rank=4, trunk=12, experts=3, width=6)
    start = depth.start(rng)
    params = Parameters({name: rng.normal(0, 0.5, values.shape) for name, values in start.items()}, {})
    first = rng.normal(0, 1, (40, depth.hidden + OUTPUTS)).astype(np.float32)
    of = {name: params[name].astype(np.float64) for name in start}
    z = first[:, : depth.hidden].astype(np.float64)

    def even(values: np.ndarray) -> np.ndarray:
        return np.asarray(values / np.sqrt((values**2).mean(axis=-1, keepdims=True) + 1e-6))

    crossed = z + z * (z @ of["cross_down"] @ of["cross_up"] + of["cross_bias"])
    trunk = even(np.maximum(np.maximum(crossed, 0) @ of["trunk"] + of["trunk_bias"], 0))
    normal = even((trunk @ of["expert"] + of["expert_bias"]).reshape(-1, depth.experts, depth.width))
    spoken = np.einsum("nkw,kwo->nko", normal / (1 + np.exp(-normal)), of["out"])
    gates = np.exp((trunk @ of["gate"] + of["gate_bias"]).reshape(-1, depth.experts, GATES))
    gates /= gates.sum(axis=1, keepdims=True)
    gate_of = np.minimum(np.arange(OUTPUTS), GATES - 1)
    law = first[:, depth.hidden :] + (spoken * gates[:, :, gate_of]).sum(axis=1)
    np.testing.assert_allclose(deep.forward(depth, params, first).logits, law, rtol=1e-4, atol=1e-4)
