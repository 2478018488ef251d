"""Painting into a picture: what a mask leaves free, the frames in which a model paints it, and how they are put back.

It knows pixels and boxes; what paints a frame is passed in from outside, and may be a model or a pure function.
"""
