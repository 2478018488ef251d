"""What a run tells of itself while it runs: a row a step, events, samples, TensorBoard, a line for the terminal.

It reads the run and never changes it (no gradient, no shared random numbers), and knows nothing of who looks.
"""
