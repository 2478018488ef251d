"""The embedded text engine: continuous batching with a paged KV cache on the bare OpenVINO runtime.

`graph` builds the network from what `files` reads, `blocks` owns the cache, `scheduler` decides each step, `sampler`
picks tokens, `answers` makes HTTP answers of them and `worker` puts it together; it knows nothing of keys, customers or
other engines.
"""
