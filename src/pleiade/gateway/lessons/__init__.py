"""Lessons of use over HTTP: what would be learned, lessons begun and followed, promoted or rolled back.

This room knows requests and who may ask; what a lesson is and how it goes on is `pleiade.lessons`'s.
"""
