"""The embedding engine: a BERT-shaped sentence encoder on the bare OpenVINO runtime, batched across requests.

It turns texts into unit vectors; it knows nothing of keys, customers or what the vectors are for.
"""
