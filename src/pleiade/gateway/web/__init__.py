"""The built web app as files at `/`: which may be kept for how long, and what its pages may load.

It does not know what is in them, who is signed in, or any other route.
"""
