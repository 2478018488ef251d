"""Clients of the official package, in each dialect, against the running server."""

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from serving import API_VERSION, Server

Client = OpenAI | AzureOpenAI
AsyncClient = AsyncOpenAI | AsyncAzureOpenAI

DIALECTS = ["openai", "azure", "azure-v1"]


@pytest.fixture(params=DIALECTS)
def client(request: pytest.FixtureRequest, server: Server) -> Client:
    """A synchronous client of each surface. No retries: a test must see the first answer."""
    if request.param == "openai":
        return OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    if request.param == "azure-v1":
        return OpenAI(base_url=f"{server.url}/openai/v1", api_key=server.key, max_retries=0)
    return AzureOpenAI(azure_endpoint=server.url, api_version=API_VERSION, api_key=server.key, max_retries=0)


@pytest.fixture(params=DIALECTS)
def async_client(request: pytest.FixtureRequest, server: Server) -> AsyncClient:
    """An asynchronous client of each surface."""
    if request.param == "openai":
        return AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    if request.param == "azure-v1":
        return AsyncOpenAI(base_url=f"{server.url}/openai/v1", api_key=server.key, max_retries=0)
    return AsyncAzureOpenAI(azure_endpoint=server.url, api_version=API_VERSION, api_key=server.key, max_retries=0)
