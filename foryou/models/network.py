"""The ranker's network as pure steps over arrays: from ids and numbers to logits, and the gradients back.

    viewer half  [id embeddings | numbers | history pools]              once for each viewer
    item half    [id embeddings | numbers | attention pools | fits]     once for each item
    both         x W + b = [hidden | logits]: the direct part of the logits is linear, and starts as the hand-set prior
    deep part    from hidden, added to the logits: see `deep`

It knows nothing of batches of any size, versions or files: that is `ranker`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.inputs import HISTORY, Side
from foryou.core.ports import Pairs
from foryou.models import attention, deep, layout
from foryou.models.attention import KINDS, Integers, Numbers
from foryou.models.deep import Deep
from foryou.models.embedding import Embeddings
from foryou.models.gradient import Gradient
from foryou.models.parameters import Parameters
from foryou.models.shape import CONTENT, FITS, TASTE, Shape, slot


@dataclass(frozen=True, slots=True)
class Known:
    """The embedding rows of everything that some pairs mention; 0 for what is unknown."""

    viewer: Integers
    """`[viewers, ids of one]`, in the order of `layout.id_places`."""
    item: Integers
    past: Integers
    """History entries `[viewers * HISTORY, rows of one entry]`: item, author, three topics."""
    kind: NDArray[np.int8]


def look_up(table: Embeddings, pairs: Pairs, admit: bool) -> Known:
    """The rows of all ids of some pairs; with `admit`, they have come once more, and may get one.

    Histories only look up: what stands in them came as a row of its own before, and would be counted again each time.
    """
    viewers, items = pairs.viewers, pairs.items
    entry = [entries(viewers, name) for name in CONTENT]
    slots = np.repeat([slot(name) for name in CONTENT], [part.shape[1] for part in entry])
    past = table.find_each(slots, np.concatenate(entry, axis=1))
    kind = attention.kind_of(viewers["history_flags"], viewers["history_item"] != 0)
    return Known(_rows(table, viewers, "viewer", admit), _rows(table, items, "item", admit), past, kind)


def _rows(table: Embeddings, batch: Batch, side: Side, admit: bool) -> Integers:
    places = layout.id_places(side)
    ids = np.empty((len(batch), layout.width(places)), np.int64)
    for place in places:
        ids[:, place.columns] = layout.wide(batch[place.name])
    if not admit:
        return table.find_each(_slots(side), ids)
    for place in places:
        ids[:, place.columns] = table.admit(slot(place.name), ids[:, place.columns])
    return ids


@cache
def _slots(side: Side) -> Integers:
    """The embedding slot of each id of a row."""
    return np.array([slot(place.name) for place in layout.id_places(side) for _ in range(place.size)], np.int64)


@cache
def _widths(side: Side) -> Integers:
    return np.array([place.size for place in layout.id_places(side)], np.int64)


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

    @property
    def last(self) -> Numbers:
        """The last hidden layer `[items, experts * width]` of a whole pass."""
        assert self.deep is not None
        return self.deep.spoken.reshape(len(self.item), -1)


def history_keys(vectors: Numbers, past: Integers) -> Numbers:
    """What each history entry is, `[viewers, HISTORY, dim]`: item + author + mean topic."""
    dim = vectors.shape[1]
    parts = np.empty((len(past), len(CONTENT) * dim), np.float32)
    attention.mean_rows(vectors, past, np.array([1, 1, past.shape[1] - 2]), parts)
    out: Numbers = parts[:, :dim] + parts[:, dim : 2 * dim]
    out += parts[:, 2 * dim :]
    return out.reshape(-1, HISTORY, dim)


def halves(shape: Shape, table: Embeddings, params: Parameters, pairs: Pairs, known: Known) -> Pass:
    """Both halves of the input, without what comes after the first layer."""
    vectors, dim, of = table.vectors, shape.dim, np.ascontiguousarray(pairs.of, np.int64)
    viewers, items = len(pairs.viewers), len(pairs.items)
    viewer = _side(vectors, pairs.viewers, "viewer", known.viewer, layout.width(shape.viewer_places()))
    item = _side(vectors, pairs.items, "item", known.item, layout.width(shape.item_places()))
    keys = history_keys(vectors, known.past)
    of_item = {place.name: item[:, place.columns] for place in shape.item_places()}
    query = of_item["item"] + of_item["author"]
    query += of_item["topics"]
    vector: Numbers = query + of_item["sound"]
    means, viewer_weights = _attend(params, np.zeros((viewers, dim), np.float32), keys, known.kind, np.arange(viewers))
    pools, weights = _attend(params, query, keys, known.kind, of)
    viewer[:, -KINDS * dim :] = means.reshape(viewers, KINDS * dim)
    of_item["attention"][:] = pools.reshape(items, KINDS * dim)
    attention.compare(query, vector, pools, _tastes(shape, viewer), of, item, item.shape[1] - len(FITS) - KINDS)
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


def _side(vectors: Numbers, batch: Batch, side: Side, rows: Integers, columns: int) -> Numbers:
    """One half, its ids and numbers filled in."""
    out = np.empty((len(rows), columns), np.float32)
    attention.mean_rows(vectors, rows, _widths(side), out)
    layout.put_numbers(batch, side, out, len(_widths(side)) * vectors.shape[1])
    return out


def _attend(
    params: Parameters, query: Numbers, keys: Numbers, kind: NDArray[np.int8], of: Integers
) -> tuple[Numbers, Numbers]:
    weights, pooled = attention.attend(query, keys, kind, of, params["sharp"], params["recency"])
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
    for position, place in enumerate(layout.id_places("viewer")):
        rows = run.known.viewer[:, place.columns]
        attention.spread_rows(d_viewer[:, position * dim : (position + 1) * dim], rows, *target)
    for position, place in enumerate(layout.id_places("item")):
        change = d_item[:, position * dim : (position + 1) * dim]
        if place.name in CONTENT:
            change = change + d_query
        elif place.name == "sound":
            change = change + d_vector
        attention.spread_rows(change, run.known.item[:, place.columns], *target)
    flat = d_keys.reshape(-1, dim)
    for columns in (slice(0, 1), slice(1, 2), slice(2, None)):
        attention.spread_rows(flat, run.known.past[:, columns], *target)
