"""Pictures from words: data, network, objective, few-step distillation, sampling, evaluation and export.

It does not know how a model is served, metered or edited with; what crosses over is a folder of ONNX files.
"""
