"""The embedded text engine: continuous batching with a paged KV cache on the bare OpenVINO runtime.

`graph` builds the network, `blocks` owns the cache, `scheduler` decides each step, `sampler` picks tokens, and
`worker` speaks HTTP around them; it knows nothing of keys, customers or other engines.
"""
