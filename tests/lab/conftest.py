"""What all of the lab's tests share."""

import torch

torch.set_num_threads(1)  # toy models: a second thread only waits for the first
