"""The deep part of the ranker's network, from the first layer's outputs to the logits: crosses, a trunk, experts.

    z                                          [rows, hidden]   the first layer, linear in the inputs
    x = z + z * (z B A + c)                    one cross of low rank
    h = norm(relu(relu(x) S + s))              the trunk that all heads share
    e_k = swish(norm(h E_k + b_k))             a few experts
    g = softmax_k(h G + g0)                    for each head, how much each expert has to say
    logits = direct + sum_k g_k * (e_k O_k)    the direct part is linear in the inputs too

The cross is that of DCN-V2 (Wang et al., WWW 2021), of the projected inputs instead of the inputs themselves, so that
the first layer stays a sum over inputs: a viewer's half is computed once a request, and an explanation can leave
families out. Experts with a gate for each head: MMoE (Ma et al., KDD 2018). The norm (mean square 1) and Swish keep
experts from falling silent and gates from closing for good, as in HoME (Wang et al., 2024). It starts as nothing: A and
O are zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.models import layout
from foryou.models.attention import Numbers
from foryou.models.kernel import kernel, summing_kernel
from foryou.models.layout import BINARY, OUTPUTS
from foryou.models.parameters import Parameters

GATES = len(BINARY) + 1
"""A gate for each binary head, and one for all hazards of the survival head: it is one curve."""
_GATE_OF = np.minimum(np.arange(OUTPUTS), GATES - 1)
_LEAST = np.float32(1e-6)
PARTS = (
    *("cross_down", "cross_up", "cross_bias", "trunk", "trunk_bias"),
    *("expert", "expert_bias", "gate", "gate_bias", "out"),
)
"""The names of its parameters."""


@dataclass(frozen=True, slots=True)
class Depth:
    """The sizes of the deep part."""

    hidden: int = 128
    rank: int = 32
    trunk: int = 64
    experts: int = 3
    width: int = 24

    def start(self, rng: np.random.Generator) -> dict[str, Numbers]:
        """The first values of the parameters."""

        def drawn(rows: int, columns: int, gain: float) -> Numbers:
            return rng.normal(0, np.sqrt(gain / rows), (rows, columns)).astype(np.float32)

        return {
            "cross_down": drawn(self.hidden, self.rank, 1.0),
            "cross_up": np.zeros((self.rank, self.hidden), np.float32),
            "cross_bias": np.zeros(self.hidden, np.float32),
            "trunk": drawn(self.hidden, self.trunk, 2.0),
            "trunk_bias": np.zeros(self.trunk, np.float32),
            "expert": drawn(self.trunk, self.experts * self.width, 1.0),
            "expert_bias": np.zeros(self.experts * self.width, np.float32),
            "gate": np.zeros((self.trunk, self.experts * GATES), np.float32),
            "gate_bias": np.zeros(self.experts * GATES, np.float32),
            "out": np.zeros((self.experts, self.width, OUTPUTS), np.float32),
        }


@dataclass(slots=True)
class Deep:
    """One forward pass, with what the way back needs."""

    low: Numbers
    lift: Numbers
    hidden: Numbers
    trunk: Numbers
    trunk_size: Numbers
    size: Numbers
    normal: Numbers
    open: Numbers
    spoken: Numbers
    gates: Numbers
    parts: Numbers
    logits: Numbers


def forward(depth: Depth, params: Parameters, first: Numbers) -> Deep:
    """From the first layer's outputs `[rows, hidden + OUTPUTS]` to the logits `[rows, OUTPUTS]`."""
    rows, experts = len(first), depth.experts
    low = _times(first[:, : depth.hidden], params["cross_down"])
    lift = _times(low, params["cross_up"])
    hidden = np.empty_like(lift)
    _cross(first, params["cross_bias"], lift, hidden)
    trunk = _times(hidden, params["trunk"])
    trunk_size = np.empty((rows, 1), np.float32)
    _rectify(params["trunk_bias"], trunk, trunk_size)
    normal = _times(trunk, params["expert"]).reshape(rows, experts, depth.width)
    size = np.empty((rows, experts, 1), np.float32)
    _normalise(params["expert_bias"].reshape(experts, -1), normal, size)
    opened = layout.sigmoid(normal)
    spoken: Numbers = normal * opened
    gates = _times(trunk, params["gate"]).reshape(rows, experts, GATES)
    _below_highest(params["gate_bias"].reshape(experts, -1), gates)
    np.exp(gates, out=gates)
    parts = np.matmul(spoken.transpose(1, 0, 2), params["out"])
    logits = np.empty((rows, OUTPUTS), np.float32)
    _join(first, parts, gates, logits)
    return Deep(
        low, lift, hidden, trunk, trunk_size, size, normal, opened, spoken, gates, parts.transpose(1, 0, 2), logits
    )


@kernel
def _cross(first: Numbers, bias: Numbers, lift: Numbers, hidden: Numbers) -> None:
    """`lift` gets its bias and the 1 of what is crossed with itself; `hidden` becomes relu(z * lift)."""
    for i in range(lift.shape[0]):
        for j in range(lift.shape[1]):
            lift[i, j] = lift[i, j] + bias[j] + np.float32(1.0)
            hidden[i, j] = max(first[i, j] * lift[i, j], np.float32(0.0))


@summing_kernel
def _rectify(bias: Numbers, values: Numbers, size: Numbers) -> None:
    """relu(values + bias), at mean square 1; `size` is what it was divided by."""
    width = values.shape[1]
    for i in range(values.shape[0]):
        total = np.float32(0.0)
        for j in range(width):
            values[i, j] = max(values[i, j] + bias[j], np.float32(0.0))
            total += values[i, j] * values[i, j]
        size[i, 0] = np.sqrt(total / np.float32(width) + _LEAST)
        for j in range(width):
            values[i, j] /= size[i, 0]


@summing_kernel
def _normalise(bias: Numbers, values: Numbers, size: Numbers) -> None:
    """values + bias `[rows, experts, width]`, each expert at mean square 1; `size` is what it was divided by."""
    width = values.shape[2]
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            total = np.float32(0.0)
            for j in range(width):
                values[i, k, j] += bias[k, j]
                total += values[i, k, j] * values[i, k, j]
            size[i, k, 0] = np.sqrt(total / np.float32(width) + _LEAST)
            for j in range(width):
                values[i, k, j] /= size[i, k, 0]


@kernel
def _below_highest(bias: Numbers, gates: Numbers) -> None:
    """gates + bias `[rows, experts, GATES]`, less the highest of each gate, so that none is above 0."""
    top = np.empty(gates.shape[2], np.float32)
    for i in range(gates.shape[0]):
        top[:] = -np.inf
        for k in range(gates.shape[1]):
            for g in range(gates.shape[2]):
                gates[i, k, g] += bias[k, g]
                top[g] = max(top[g], gates[i, k, g])
        for k in range(gates.shape[1]):
            for g in range(gates.shape[2]):
                gates[i, k, g] -= top[g]


@kernel
def _join(first: Numbers, parts: Numbers, gates: Numbers, logits: Numbers) -> None:
    """Makes each gate add up to 1 over the experts; the direct logits and what the experts say, as far as let in.

    `parts` `[experts, rows, OUTPUTS]`.
    """
    experts, outputs = gates.shape[1], logits.shape[1]
    binary, direct = gates.shape[2] - 1, first.shape[1] - outputs
    total = np.empty(gates.shape[2], np.float32)
    for i in range(gates.shape[0]):
        total[:] = 0.0
        for k in range(experts):
            for g in range(gates.shape[2]):
                total[g] += gates[i, k, g]
        for o in range(outputs):
            logits[i, o] = first[i, direct + o]
        for k in range(experts):
            for g in range(gates.shape[2]):
                gates[i, k, g] /= total[g]
            for o in range(binary):
                logits[i, o] += gates[i, k, o] * parts[k, i, o]
            for o in range(binary, outputs):
                logits[i, o] += gates[i, k, binary] * parts[k, i, o]


def backward(
    depth: Depth, params: Parameters, run: Deep, first: Numbers, d_logits: Numbers, d: dict[str, Numbers]
) -> Numbers:
    """The gradient of the first layer's outputs, from that of the logits; those of the parameters are put into `d`."""
    z, rows = first[:, : depth.hidden], len(first)
    d_parts = d_logits[:, None, :] * run.gates[:, :, _GATE_OF]
    each = d_logits[:, None, :] * run.parts
    binary = GATES - 1
    d_gates = np.concatenate([each[:, :, :binary], each[:, :, binary:].sum(axis=2, keepdims=True)], axis=2)
    d_gates = run.gates * (d_gates - np.einsum("nkt,nkt->nt", run.gates, d_gates)[:, None, :])
    d_gates = d_gates.reshape(rows, -1)
    d_spoken = np.empty_like(run.spoken)
    for k in range(depth.experts):
        d["out"][k] = run.spoken[:, k].T @ d_parts[:, k]
        d_spoken[:, k] = d_parts[:, k] @ params["out"][k].T
    d_normal = d_spoken * (run.open + run.spoken * (1.0 - run.open))
    d_expert = _through_size(d_normal, run.normal, run.size).reshape(rows, -1)
    d["expert"][...] = run.trunk.T @ d_expert
    d["expert_bias"][...] = d_expert.sum(axis=0)
    d["gate"][...] = run.trunk.T @ d_gates
    d["gate_bias"][...] = d_gates.sum(axis=0)
    d_trunk = d_expert @ params["expert"].T + d_gates @ params["gate"].T
    d_trunk = _through_size(d_trunk, run.trunk, run.trunk_size) * (run.trunk > 0)
    d["trunk"][...] = run.hidden.T @ d_trunk
    d["trunk_bias"][...] = d_trunk.sum(axis=0)
    d_x = (d_trunk @ params["trunk"].T) * (run.hidden > 0)
    d_lift = d_x * z
    d["cross_up"][...] = run.low.T @ d_lift
    d["cross_bias"][...] = d_lift.sum(axis=0)
    d_low = d_lift @ params["cross_up"].T
    d["cross_down"][...] = z.T @ d_low
    return np.concatenate([d_x * run.lift + d_low @ params["cross_down"].T, d_logits], axis=1)


def _through_size(change: Numbers, normal: Numbers, size: Numbers) -> Numbers:
    """The gradient before the division by `size`, from that after it, where `normal` is the quotient."""
    along = np.einsum("...w,...w->...", change, normal)[..., None] / np.float32(normal.shape[-1])
    return np.asarray((change - normal * along) / size, np.float32)


def _times(left: Numbers, right: Numbers) -> Numbers:
    return np.asarray(left @ right, np.float32)
