"""Makes the learner that the settings describe."""

from __future__ import annotations

from pathlib import Path

from foryou.backends.models import read_state
from foryou.backends.open import Backend
from foryou.models.embedding import Admission
from foryou.models.ranker import Learning, Ranker
from foryou.settings import Settings
from foryou.training.stream import Learner


def learner_of(settings: Settings, backend: Backend) -> Learner:
    """A learner that knows nothing yet, or what the kept version that it starts from knows."""
    of = settings.learning
    learning = Learning(admission=Admission(of.admit_after, of.expire_days, of.embeddings))
    model = Ranker(seed=of.seed, learning=learning, memory=backend.memory)
    if of.warm_start:
        model.restore(read_state(Path(of.warm_start)))
    return Learner(
        model,
        of,
        demographics=settings.demographics,
        models=backend.models,
        trust=settings.trust,
        reach=settings.reach,
    )
