"""What differs between OpenAI's and Azure OpenAI's wire: checks of a request, error bodies, and nothing else.

A dialect knows no route and no engine; each route is written once and mounted under every dialect's prefixes.
"""

from pleiade.gateway.dialects.azure import AzureDialect
from pleiade.gateway.dialects.base import Dialect
from pleiade.gateway.dialects.openai import OpenAIDialect

__all__ = ["AzureDialect", "Dialect", "OpenAIDialect"]
