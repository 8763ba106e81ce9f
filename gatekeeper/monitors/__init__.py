"""Who watches a training run: the status on a terminal, TensorBoard, MLflow."""
