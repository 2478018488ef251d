"""The second text engine: any GGUF file, run by llama.cpp's own server from the xllamacpp wheel behind our surface.

It knows GGUF and llama.cpp's dialect; it knows nothing of keys, customers or other engines.
"""
