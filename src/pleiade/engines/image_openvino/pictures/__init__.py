"""Pictures as files and as arrays: untrusted bytes in, PNG, WebP, JPEG or SVG out, exact arithmetic with transparency.

It knows formats, pixels and their limits; it knows nothing of models, masks or requests.
"""
