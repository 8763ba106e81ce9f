"""A training run: settings, plan, conduct, folder, history."""
