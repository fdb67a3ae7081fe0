"""The ranker's network as pure steps over arrays: from ids and numbers to logits, and the gradients back.

    viewer half  [id embeddings | numbers | history pools]              once for each viewer
    item half    [id embeddings | numbers | attention pools | fits]     once for each item
    both         x W + b = [hidden | logits]: the direct part of the logits is linear, and starts as the hand-set prior
    deep part    from hidden, added to the logits: see `deep`

It knows nothing of batches of any size, versions or files: that is `ranker`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.inputs import HISTORY
from foryou.core.ports import Pairs
from foryou.models import attention, deep, layout
from foryou.models.attention import KINDS, Integers, Numbers
from foryou.models.deep import Deep
from foryou.models.embedding import Embeddings, Gradient
from foryou.models.parameters import Parameters
from foryou.models.shape import CONTENT, FITS, TASTE, Shape, slot


@dataclass(frozen=True, slots=True)
class Known:
    """The embedding rows of everything that some pairs mention; 0 for what is unknown."""

    viewer: dict[str, Integers]
    item: dict[str, Integers]
    past: Integers
    """History entries `[viewers * HISTORY, rows of one entry]`: item, author, three topics."""
    kind: NDArray[np.int8]


def look_up(table: Embeddings, pairs: Pairs, admit: bool) -> Known:
    """The rows of all ids of some pairs; with `admit`, they have come once more, and may get one.

    Histories only look up: what stands in them came as a row of its own before, and would be counted again each time.
    """
    find = table.admit if admit else table.find
    viewers, items = pairs.viewers, pairs.items
    past = viewers["history_item"]
    past_rows = {name: table.find(slot(name), entries(viewers, name)) for name in CONTENT}
    return Known(
        {one.name: find(slot(one.name), layout.wide(viewers[one.name])) for one in layout.ids("viewer")},
        {one.name: find(slot(one.name), layout.wide(items[one.name])) for one in layout.ids("item")},
        np.concatenate(list(past_rows.values()), axis=1),
        attention.kind_of(viewers["history_flags"], past != 0),
    )


def entries(viewers: Batch, name: str) -> Integers:
    """A history column with one row for each entry `[viewers * HISTORY, width]`."""
    values = viewers[f"history_{name}"]
    return values.reshape(len(viewers) * HISTORY, values.shape[1] // HISTORY)


@dataclass(slots=True)
class Pass:
    """One forward pass, with what the way back needs."""

    of: Integers
    known: Known
    viewer: Numbers
    item: Numbers
    query: Numbers
    vector: Numbers
    keys: Numbers
    weights: Numbers
    viewer_weights: Numbers
    first: Numbers
    deep: Deep | None = None

    @property
    def logits(self) -> Numbers:
        """Of a whole pass."""
        assert self.deep is not None
        return self.deep.logits


def content(vectors: Numbers, rows: dict[str, Integers], names: tuple[str, ...]) -> Numbers:
    """The sum over some id inputs of the mean vector of each `[rows, dim]`."""
    out = np.zeros((len(rows[names[0]]), vectors.shape[1]), np.float32)
    part = np.empty_like(out)
    for name in names:
        attention.mean_rows(vectors, rows[name], part)
        out += part
    return out


def history_keys(vectors: Numbers, past: Integers) -> Numbers:
    """What each history entry is, `[viewers, HISTORY, dim]`: item + author + mean topic."""
    out = vectors[past[:, 0]] + vectors[past[:, 1]]
    topics = np.empty_like(out)
    attention.mean_rows(vectors, np.ascontiguousarray(past[:, 2:]), topics)
    out += topics
    return out.reshape(-1, HISTORY, vectors.shape[1])


def halves(shape: Shape, table: Embeddings, params: Parameters, pairs: Pairs, known: Known) -> Pass:
    """Both halves of the input, without what comes after the first layer."""
    vectors, dim, of = table.vectors, shape.dim, np.ascontiguousarray(pairs.of, np.int64)
    viewers, items = len(pairs.viewers), len(pairs.items)
    viewer = _side(vectors, layout.numbers(pairs.viewers, "viewer"), known.viewer, layout.width(shape.viewer_places()))
    item = _side(vectors, layout.numbers(pairs.items, "item"), known.item, layout.width(shape.item_places()))
    keys = history_keys(vectors, known.past)
    query = content(vectors, known.item, CONTENT)
    vector = query + content(vectors, known.item, ("sound",))
    means, viewer_weights = _attend(params, np.zeros((viewers, dim), np.float32), keys, known.kind, np.arange(viewers))
    pools, weights = _attend(params, query, keys, known.kind, of)
    viewer[:, -KINDS * dim :] = means.reshape(viewers, KINDS * dim)
    end = item.shape[1]
    fit, echo = slice(end - len(FITS), end), slice(end - len(FITS) - KINDS, end - len(FITS))
    pool = slice(echo.start - KINDS * dim, echo.start)
    item[:, pool] = pools.reshape(items, KINDS * dim)
    item[:, echo] = np.einsum("nd,nkd->nk", query, pools)
    item[:, fit] = np.einsum("nd,nkd->nk", vector, _tastes(shape, viewer)[of])
    return Pass(of, known, viewer, item, query, vector, keys, weights, viewer_weights, np.empty(0, np.float32))


def _tastes(shape: Shape, viewer: Numbers) -> Numbers:
    """What FITS compares with `[viewers, 1 + KINDS, dim]`: the viewer's own vector and the two pools."""
    own, means = viewer[:, shape.own], viewer[:, -KINDS * shape.dim :]
    return np.concatenate([own, means], axis=1).reshape(len(viewer), 1 + KINDS, shape.dim)


def taste(params: Parameters, own: Numbers, keys: Numbers, kind: NDArray[np.int8]) -> Numbers:
    """Viewers' retrieval vectors `[viewers, dim]` from their own vectors and their history."""
    means, _ = _attend(params, np.zeros_like(own), keys, kind, np.arange(len(own)))
    return _towards(np.concatenate([own[:, None], means], axis=1))


def tastes(shape: Shape, run: Pass) -> Numbers:
    """Viewers' retrieval vectors `[viewers, dim]` of a pass."""
    return _towards(_tastes(shape, run.viewer))


def _towards(parts: Numbers) -> Numbers:
    return np.asarray(np.einsum("k,vkd->vd", TASTE, parts), np.float32)


def _side(vectors: Numbers, numbers: Numbers, rows: dict[str, Integers], columns: int) -> Numbers:
    dim = vectors.shape[1]
    out = np.zeros((len(numbers), columns), np.float32)
    for position, found in enumerate(rows.values()):
        attention.mean_rows(vectors, found, out[:, position * dim : (position + 1) * dim])
    out[:, len(rows) * dim : len(rows) * dim + numbers.shape[1]] = numbers
    return out


def _attend(
    params: Parameters, query: Numbers, keys: Numbers, kind: NDArray[np.int8], of: Integers
) -> tuple[Numbers, Numbers]:
    weights = np.empty((len(query), keys.shape[1]), np.float32)
    pooled = np.empty((len(query), KINDS, keys.shape[2]), np.float32)
    attention.attend(query, keys, kind, of, params["sharp"], params["recency"], weights, pooled)
    return pooled, weights


def forward(shape: Shape, table: Embeddings, params: Parameters, pairs: Pairs, known: Known) -> Pass:
    """The logits `[items, OUTPUTS]` and everything on the way to them."""
    run = halves(shape, table, params, pairs, known)
    of_viewer = run.viewer @ params["viewer"] + params["bias"]
    run.first = run.item @ params["item"]
    run.first += of_viewer[run.of]
    run.deep = deep.forward(shape.depth, params, run.first)
    return run


def backward(
    shape: Shape,
    params: Parameters,
    run: Pass,
    d_logits: Numbers,
    gradient: Gradient,
    retrieval: tuple[Numbers, Numbers] | None = None,
) -> Numbers:
    """The gradient of the dense parameters as one vector; that of the embeddings is added to `gradient`.

    `retrieval`: gradients of another loss with respect to `tastes` `[viewers, dim]` and item vectors `[items, dim]`.
    """
    flat = np.zeros_like(params.flat)
    d = params.views(flat)
    assert run.deep is not None
    d_first = deep.backward(shape.depth, params, run.deep, run.first, d_logits, d)
    d["item"][...] = run.item.T @ d_first
    d["bias"][...] = d_first.sum(axis=0)
    d_first_viewer = np.zeros((len(run.viewer), d_first.shape[1]), np.float32)
    attention.sum_by(d_first, run.of, d_first_viewer)
    d["viewer"][...] = run.viewer.T @ d_first_viewer
    d_item = d_first @ params["item"].T
    d_viewer = d_first_viewer @ params["viewer"].T
    if retrieval is None:
        retrieval = np.zeros((len(run.viewer), shape.dim), np.float32), np.zeros_like(run.vector)
    _embeddings_back(shape, params, run, (d_viewer, d_item), retrieval, d, gradient)
    return flat


def _embeddings_back(
    shape: Shape,
    params: Parameters,
    run: Pass,
    d_halves: tuple[Numbers, Numbers],
    retrieval: tuple[Numbers, Numbers],
    d: dict[str, Numbers],
    gradient: Gradient,
) -> None:
    (d_viewer, d_item), dim = d_halves, shape.dim
    viewers, items, end = len(run.viewer), len(run.item), run.item.shape[1]
    d_fit, d_echo = d_item[:, end - len(FITS) :], d_item[:, end - len(FITS) - KINDS : end - len(FITS)]
    pool = slice(end - len(FITS) - KINDS - KINDS * dim, end - len(FITS) - KINDS)
    pools = run.item[:, pool].reshape(items, KINDS, dim)
    d_vector = np.einsum("nk,nkd->nd", d_fit, _tastes(shape, run.viewer)[run.of]) + retrieval[1]
    d_tastes = (retrieval[0][:, None, :] * TASTE[:, None]).reshape(viewers, len(FITS) * dim)
    attention.sum_by((d_fit[:, :, None] * run.vector[:, None, :]).reshape(items, len(FITS) * dim), run.of, d_tastes)
    d_query = np.einsum("nk,nkd->nd", d_echo, pools) + d_vector
    d_pools = d_item[:, pool].reshape(items, KINDS, dim) + d_echo[:, :, None] * run.query[:, None, :]
    d_keys = np.zeros_like(run.keys)
    attention.attend_back(
        run.query,
        run.keys,
        run.known.kind,
        run.of,
        params["sharp"],
        run.weights,
        pools,
        d_pools,
        d_query,
        d_keys,
        d["sharp"],
        d["recency"],
    )
    d_viewer[:, shape.own] += d_tastes[:, :dim]
    d_viewer[:, -KINDS * dim :] += d_tastes[:, dim:]
    means = np.ascontiguousarray(run.viewer[:, -KINDS * dim :]).reshape(viewers, KINDS, dim)
    d_means = np.ascontiguousarray(d_viewer[:, -KINDS * dim :]).reshape(viewers, KINDS, dim)
    nothing = np.zeros((viewers, dim), np.float32)
    attention.attend_back(
        nothing,
        run.keys,
        run.known.kind,
        np.arange(viewers),
        params["sharp"],
        run.viewer_weights,
        means,
        d_means,
        nothing.copy(),
        d_keys,
        d["sharp"],
        d["recency"],
    )
    target = (gradient.values, gradient.marks, gradient.rows, gradient.count)
    for position, rows in enumerate(run.known.viewer.values()):
        attention.spread_rows(d_viewer[:, position * dim : (position + 1) * dim], rows, *target)
    for position, (name, rows) in enumerate(run.known.item.items()):
        change = d_item[:, position * dim : (position + 1) * dim]
        if name in CONTENT:
            change = change + d_query
        elif name == "sound":
            change = change + d_vector
        attention.spread_rows(change, rows, *target)
    flat = d_keys.reshape(-1, dim)
    for columns in (slice(0, 1), slice(1, 2), slice(2, None)):
        attention.spread_rows(flat, run.known.past[:, columns], *target)
