"""MLflow: tracking of trainings, and its registry as a deployment target."""
