"""Where people are, what they speak and when they look at their phone: what viewers and creators have in common."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column

LANGUAGES = ("en", "nl", "nb")
COUNTRIES = ("NL", "BE", "NO", "GB", "IE", "US", "CA")
DEVICES = ("phone", "tablet", "desktop", "tv")
AGES = ("13-17", "18-24", "25-34", "35-44", "45-54", "55+")
GENDERS = ("female", "male", "other")

COUNTRY_SHARE = np.array([0.26, 0.08, 0.22, 0.16, 0.02, 0.22, 0.04])
LANGUAGE_SHARE = np.array(
    [
        [0.12, 0.88, 0.00],
        [0.22, 0.78, 0.00],
        [0.14, 0.00, 0.86],
        [0.99, 0.005, 0.005],
        [0.99, 0.005, 0.005],
        [0.99, 0.005, 0.005],
        [0.99, 0.005, 0.005],
    ]
)  # [countries, languages]
DEVICE_SHARE = np.array([0.86, 0.07, 0.05, 0.02])
AGE_SHARE = np.array([0.11, 0.29, 0.28, 0.15, 0.10, 0.07])
GENDER_SHARE = np.array([0.49, 0.49, 0.02])
ZONES = (
    ((60,), (1.0,)), ((60,), (1.0,)), ((60,), (1.0,)), ((0,), (1.0,)), ((0,), (1.0,)),
    ((-300, -360, -420, -480), (0.47, 0.29, 0.07, 0.17)), ((-300, -420, -480), (0.6, 0.2, 0.2)),
)  # fmt: skip
"""Minutes east of UTC in each country, and how many live there. There is no summer time."""

TYPES = np.array([0.24, 0.14, 0.38, 0.14, 0.10])
"""How many look mostly in the morning, at lunch, in the evening, at night, or whenever."""
_PEAKS = np.array(
    [
        [0.60, 0.10, 0.22, 0.08],
        [0.15, 0.55, 0.20, 0.10],
        [0.08, 0.10, 0.67, 0.15],
        [0.03, 0.07, 0.30, 0.60],
        [0.25, 0.25, 0.30, 0.20],
    ]
)  # [types, peaks]
_AT = np.array([7.3, 12.4, 19.8, 22.9])
_WIDE = np.array([1.1, 1.2, 1.7, 1.3])
_FLOOR = 0.004


def hours_of(kind: Column) -> Column:
    """The share of each local hour [rows, 24] in the visits of people of these types."""
    away = np.abs(np.arange(24) + 0.5 - _AT[:, None])
    away = np.minimum(away, 24 - away)
    bumps = np.exp(-0.5 * (away / _WIDE[:, None]) ** 2)  # [peaks, 24]
    bumps /= bumps.sum(1, keepdims=True)
    shares = _PEAKS @ bumps + _FLOOR
    return np.asarray((shares / shares.sum(1, keepdims=True))[kind])


def zones_of(country: Column, draws: Column) -> Column:
    """Minutes east of UTC of people in these countries; `draws` are in [0, 1)."""
    zone = np.zeros(len(country), np.int16)
    for number, (minutes, shares) in enumerate(ZONES):
        here = country == number
        place = np.searchsorted(np.cumsum(shares)[:-1], draws[here], "right")
        zone[here] = np.array(minutes, np.int16)[place]
    return zone


def zone_name(minutes: int) -> str:
    """The IANA name of a zone that is always so many minutes east of UTC; whole hours."""
    return f"Etc/GMT{-minutes // 60:+d}"
