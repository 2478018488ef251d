"""From openly licensed drawings to an endless, resumable stream of captioned RGBA pictures.

It does not know the network that reads them, nor torch.
"""
