"""A checkpoint as plain contents."""

import pytest

from tests.trainers.checkpoints.foreign import Config, Content, Make


@pytest.fixture
def linear_content(make: Make, config: Config) -> Content:
    """What an old checkpoint of a linear model holds."""
    return {
        "model_type": "linear",
        "model_config": config("linear"),
        "model_state_dict": make("linear").state_dict(),
    }


@pytest.fixture
def content(make: Make, config: Config) -> Content:
    return {
        "model_type": "gru",
        "model_config": config("gru"),
        "model_state_dict": make("gru").state_dict(),
    }
