"""Users' own picture models (Stable Diffusion, SDXL, FLUX, Qwen-Image, …) through diffusers, apart from the rest.

It speaks the same routes as our own picture engine; it knows nothing of keys, customers, or where pictures are kept.
"""
