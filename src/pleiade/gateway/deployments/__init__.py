"""Deployments in Azure's two shapes: the data plane of 2022-12-01, and the resource manager's with `sku.capacity`.

This room knows the registry's and quota's rows; it does not know engines: a new deployment runs as the ones of its
model that are there.
"""
