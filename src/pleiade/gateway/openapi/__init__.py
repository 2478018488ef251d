"""The OpenAPI document of what is mounted, made of the routes themselves and of the types that they name.

It knows routes, and nothing of what they do: what a route does not tell of itself is described in general words only.
"""
