"""Fine-tuning jobs: what may be asked, files checked line by line, the lab run as a process, the result put to use.

It knows tables, files, prices, the registry and how the lab is started; it knows no HTTP and imports no torch.
"""
