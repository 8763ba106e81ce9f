"""The gradient loop and its parts."""
