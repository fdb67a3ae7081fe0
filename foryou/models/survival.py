"""How long a video will be watched, as a discrete survival curve over WATCH_CUTS.

With thresholds t_1 < ... < t_M (t_0 = 0), the hazard h_m = sigmoid(z_m) is the chance to stop in [t_(m-1), t_m) for
who is still there at t_(m-1), and S_m = (1 - h_1) ... (1 - h_m) the chance to be there at t_m: it can only fall. The
expected seconds are the area under S, with a constant rate of stopping within a bin; the median is where S crosses one
half. Sum restoration over thresholds:
CREAD (Sun et al., AAAI 2024); the hazard form and its likelihood: Allison (Sociological Methodology 1982); watch time
as censored at the end of the video: CWM (Zhao et al., KDD 2024).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.heads import WATCH_CUTS
from foryou.models.kernel import kernel

Numbers = NDArray[Any]
Seconds = NDArray[np.float32]

_CUTS = np.array(WATCH_CUTS)
_STARTS = np.r_[0.0, _CUTS[:-1]]
_WIDTHS = _CUTS - _STARTS

_SLOW = 1e-6
"""Below this rate S is a straight line within a bin, as far as numbers tell."""

REPLAYS = 1.15
"""What is expected is at most the duration times this: a little watching goes on after the end, in replays."""


def curve(logits: Numbers) -> Numbers:
    """S `[rows, cuts]` from hazard logits `[rows, cuts]`."""
    return np.asarray(np.exp(-np.cumsum(_softplus(logits), axis=1)))


def expected_seconds(logits: Numbers, duration: Numbers) -> Seconds:
    """Expected seconds watched `[rows]`, at most 300 and at most REPLAYS durations (in seconds, 0: not known).

    The area under S up to the limit L. With r = -log(1 - h_m) = softplus(z_m), a bin of width w that is crossed to a
    part f = clip((L - t_(m-1)) / w, 0, 1) adds S_(m-1) w (1 - exp(-r f)) / r.
    """
    z = np.ascontiguousarray(logits)
    small = np.abs(z)
    np.exp(np.negative(small, out=small), out=small)
    length = np.asarray(duration, np.float64)
    out = np.empty(len(z), np.float32)
    _area(z, small, np.log1p(small), np.where(length > 0, length * REPLAYS, _CUTS[-1]), _STARTS, _WIDTHS, out)
    return out


@kernel
def _area(
    z: Numbers, small: Numbers, log: Numbers, limit: Numbers, starts: Numbers, widths: Numbers, out: Seconds
) -> None:
    """The area under S up to each limit; `small` is exp(-|z|), `log` log(1 + small).

    A bin that is crossed whole adds S_(m-1) w h_m / r, so only the bin with the limit in it needs another exponential.
    """
    for i in range(z.shape[0]):
        alive, total = 1.0, 0.0
        for m in range(z.shape[1]):
            part = (limit[i] - starts[m]) / widths[m]
            if part <= 0.0:
                break
            stays, stops = 1.0 / (1.0 + small[i, m]), small[i, m] / (1.0 + small[i, m])
            if z[i, m] >= 0.0:
                stays, stops = stops, stays
            rate = max(z[i, m], 0.0) + log[i, m]
            if rate < _SLOW:
                total += alive * widths[m] * min(part, 1.0)
            elif part >= 1.0:
                total += alive * widths[m] * stops / rate
            else:
                total += alive * widths[m] * -np.expm1(-rate * part) / rate
            alive *= stays
        out[i] = total


def median_seconds(logits: Numbers, duration: Numbers) -> Seconds:
    """Median of the seconds watched `[rows]`, at most 300 and at most the duration (in seconds, 0: not known).

    Where S crosses one half: in the first bin with S_m <= 1/2, at t_(m-1) + w (log 2 + log S_(m-1)) / r, with r as in
    `expected_seconds`. The median has the least mean absolute error, the mean does not. Of a video that more than half
    watch to its end it is the duration, because there is no stop before it.
    """
    rate = np.maximum(_softplus(logits), _SLOW)
    summed = np.cumsum(rate, axis=1)
    crossed = summed >= np.log(2.0)
    bin_ = np.argmax(crossed, axis=1)[:, None]
    within, after = np.take_along_axis(rate, bin_, axis=1)[:, 0], np.take_along_axis(summed, bin_, axis=1)[:, 0]
    part = np.clip(1.0 - (after - np.log(2.0)) / within, 0.0, 1.0)
    found = np.where(crossed.any(axis=1), _STARTS[bin_[:, 0]] + _WIDTHS[bin_[:, 0]] * part, _CUTS[-1])
    length = np.asarray(duration)
    return np.asarray(np.where(length > 0, np.minimum(found, length), found), np.float32)


def targets(seconds: Numbers, censored: Numbers) -> Numbers:
    """What each hazard should have been, `[rows, cuts]` float32: 1 where the viewer stopped, 0 where they went on, NaN
    where that is not known.

    After stopping nothing is known. A `censored` row (its video ended) went on for as long as it was seen, and where it
    would have stopped is not known. NaN seconds: nothing is known at all.
    """
    watched = np.asarray(seconds, np.float64)[:, None]
    out = np.full((len(watched), len(_CUTS)), np.nan, np.float32)
    out[watched >= _CUTS] = 0
    stopped = (watched >= _STARTS) & (watched < _CUTS) & ~np.asarray(censored, np.bool_)[:, None]
    out[stopped] = 1
    return out


def weibull_logits(mean: float, shape: float = 0.6) -> Numbers:
    """Hazard logits `[cuts]` of a Weibull curve S(t) = exp(-(t / scale)^shape) with this mean, seconds.

    Dwell times are Weibull with a falling hazard (Liu, White and Dumais, SIGIR 2010).
    """
    scale = mean / math.gamma(1 + 1 / shape)
    step = (_CUTS / scale) ** shape - (_STARTS / scale) ** shape
    return np.asarray(np.log(np.expm1(step)))


def _softplus(x: Numbers) -> Numbers:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
