"""From evidence and policy to a judgement. Pure."""
