"""Every optional package but the encoder: what records a training or serves a model elsewhere."""
