"""A checkpoint as plain contents."""

import pytest

from tests.trainers.checkpoints.foreign import Config, Content, Make


@pytest.fixture
def content(make: Make, config: Config) -> Content:
    return {
        "model_type": "gru",
        "model_config": config("gru"),
        "model_state_dict": make("gru").state_dict(),
    }
